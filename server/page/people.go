package page

// People is the page on which one of the people of a sandbox is chosen.
type People struct {
	Site         Site
	Action, Back string // where the choice goes, and where it leads
	Choices      []Choice
}

// HTML writes the page.
func (p *People) HTML() ([]byte, error) {
	return execute("people.html", struct {
		People
		Title string
	}{*p, "Who are you?"})
}
