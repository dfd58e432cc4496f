package fhir

// Mentions calls visit for everything in a text that looks like a relative reference
// to a resource, "Patient/1", also within an address or before "/_history/2", until
// that returns false. It parses nothing: what it finds may be something else.
func Mentions(text []byte, visit func(ref []byte) bool) {
	for i, c := range text {
		if c != '/' {
			continue
		}
		low, high := i, i+1
		for low > 0 && letter(text[low-1]) {
			low--
		}
		for high < len(text) && idByte(text[high]) {
			high++
		}
		if low < i && high > i+1 && !visit(text[low:high]) {
			return
		}
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func idByte(c byte) bool { return letter(c) || c >= '0' && c <= '9' || c == '-' || c == '.' }
