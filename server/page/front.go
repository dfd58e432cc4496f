package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// Front is the page of the host itself and of the FHIR bases.
type Front struct {
	Site  Site
	Self  string // scheme and host by which the browser came
	Story *Story // of a sandbox; nil where there is none
}

// place is somewhere to go from the front page.
type place struct {
	Link
	Words string
}

// HTML writes the page.
func (f *Front) HTML() []byte {
	return f.Site.page("Start", func(w *markup.Writer) {
		w.HTML("<h1>The FHIR server that a UK pharmacy runs</h1>\n<p class=\"lead\">Clinics send prescriptions; ").Text(f.Site.Name).
			HTML(" checks them against R4, the UK profiles and controlled-drug law, keeps the pharmacist’s work list, records what is supplied, prices it by the Drug Tariff and claims it from the NHS.</p>\n")
		if f.Story != nil {
			f.Story.write(w)
		}
		w.HTML("<section aria-labelledby=\"where\">\n<h2 id=\"where\">Where to go</h2>\n<dl class=\"places\">\n")
		for _, p := range f.places() {
			w.HTML("<div><dt>")
			link(w, p.Link)
			w.HTML("</dt><dd>").Text(p.Words).HTML("</dd></div>\n")
		}
		w.HTML("</dl>\n<p>FHIR is served under <code>").Text(f.Self).HTML("/fhir</code>, and for software of the NHS Electronic Prescription Service (EPS) under <code>").Text(f.Self).
			HTML("/FHIR/R4</code> too. A browser gets every FHIR address as a page; programs get JSON or XML.</p>\n</section>\n")
	})
}

func (f *Front) places() []place {
	list := []place{{Link{"Metadata", "/fhir/metadata"}, "What the server can do: interactions, search parameters, operations, as a CapabilityStatement."}, {Link{"The interface", ExplorerPath}, "Each type with what can be done, its search parameters and an example; the same as OpenAPI for tools."}}
	if f.Site.Console {
		list = append(list, place{Link{"Console", ConsolePath}, "The screens of the people who do the work: customer service, pharmacists, finance and auditors."})
	}
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
