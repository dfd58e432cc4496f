package page

// Front is the page of the host itself and of the FHIR bases.
type Front struct {
	Site  Site
	Self  string // scheme and host by which the browser came
	Story *Story // of a sandbox; nil where there is none
}

// Story is what became of a prescription, step by step.
type Story struct {
	Title, Text string
	Steps       []Step
}

// Step is one thing that happens to it.
type Step struct {
	Title, Text string
	Done        bool
	Next        bool // it can be done now
	Links       []Link
	SumsTitle   string
	Sums        []Sum
	Command     string // what to type to do it
}

// Sum is an amount with its words.
type Sum struct{ Words, Amount string }

// place is somewhere to go from the front page.
type place struct {
	Link
	Words string
}

// HTML writes the page.
func (f *Front) HTML() ([]byte, error) {
	return execute("front.html", struct {
		Front
		Title  string
		Places []place
	}{*f, "Start", f.places()})
}

func (f *Front) places() []place {
	list := []place{{Link{"Metadata", "/fhir/metadata"}, "What the server can do: interactions, search parameters, operations, as a CapabilityStatement."}}
	if f.Story != nil {
		list = append(list,
			place{Link{"The pharmacist’s list", "/fhir/Task?code=prescription-order&status=requested,ready,accepted,in-progress"}, "Prescriptions that wait for a pharmacist, as Tasks."},
			place{Link{"History of everything", "/fhir/_history"}, "Every version of every resource, newest first, with who and why."})
	}
	if f.Site.Docs {
		list = append(list, place{Link{"Documentation", "/docs/"}, "The life of a prescription, what a pharmacist’s software sends, errors, profiles, the tariff’s files."})
	}
	return append(list,
		place{Link{"Health", "/health"}, "Whether the server can answer, for a monitor."},
		place{Link{"Metrics", "/metrics"}, "Figures in the format of Prometheus."})
}
