package dispensing

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/paper"
)

// printInputs say in what form labels are answered.
var printInputs = []fhir.Parameter{
	{Name: "as", Kinds: []string{"valueCode", "valueString"}, Doc: "data, which is the default, or pdf: a page for each label, as a label printer takes it."},
	{Name: "size", Kinds: []string{"valueCode", "valueString"}, Doc: "The size of the labels of a pdf, in millimetres: " + strings.Join(prescription.LabelSizes(nhs.ReadDate("9999-12-31")), ", ") + "; the first by default."},
}

// onPaper is whether labels are asked for as a PDF, and of which size.
func onPaper(call *fhir.Call) (pdf bool, size prescription.LabelSize, issues []fhir.Issue) {
	said := func(name string) (string, node) {
		if text := call.Params.Get(name); text != "" || call.Body == nil {
			return text, node{}
		}
		n := message.Parameter(call.Body, name)
		for _, kind := range []string{"valueCode", "valueString"} {
			if v := n.Get(kind); v.Exists() {
				return v.Text(), v
			}
		}
		return "", node{}
	}
	today := nhs.DateOf(call.Time)
	form, at := said("as")
	if form != "" && form != "data" && form != "pdf" {
		issues = append(issues, fhir.Issue{Code: fhir.CodeInvalid, Rule: "LABEL-1", Expression: "Parameters.parameter.where(name = 'as')", Position: at.Position(), Message: "The form is not known.", Expected: "data or pdf", Found: form})
	}
	name, at := said("size")
	size, ok := prescription.LabelSizeNamed(name, today)
	if !ok {
		issues = append(issues, fhir.Issue{Code: fhir.CodeInvalid, Rule: "LABEL-1", Expression: "Parameters.parameter.where(name = 'size')", Position: at.Position(), Message: "There are no labels of this size.", Expected: "one of " + strings.Join(prescription.LabelSizes(today), ", "), Found: name})
	}
	return form == "pdf", size, issues
}

// printed are labels as a Binary with a PDF. Whoever reads a label must read the name on
// it: one that the fonts cannot show is refused.
func printed(call *fhir.Call, labels []prescription.Label, size prescription.LabelSize) (*fhir.Reply, error) {
	sheet := paper.Labels{Title: "Labels", Made: call.Time, Width: size.Width, Height: size.Height, Text: size.Text}
	var issues []fhir.Issue
	for i := range labels {
		heads, lines, foot := labels[i].Parts()
		for _, line := range append(append(append([]string{}, heads...), lines...), foot...) {
			if !paper.Shows(line) {
				issues = append(issues, fhir.Issue{Code: fhir.NotSupported, Rule: "LABEL-1", Expression: "Task.input", Message: "The fonts of the PDF do not have all letters of the label.", Expected: "letters of western European languages", Found: line, Fix: "Print the text of the label: as=data."})
			}
		}
		sheet.Labels = append(sheet.Labels, paper.Label{Heads: heads, Lines: lines, Foot: foot})
	}
	if len(issues) > 0 {
		return nil, refusal("label", issues...)
	}
	var b bytes.Buffer
	if err := sheet.PDF(&b); err != nil {
		return nil, err
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Binary", "id", pharmacy.ID("Binary", "label", b.String()), "contentType", "application/pdf", "data", base64.StdEncoding.EncodeToString(b.Bytes())).Resource()}, nil
}
