package dispensing

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Codings that say what an input or output of a Task is.
var (
	aPrescription = fhir.Coding{System: nhs.CSSNOMED, Code: "16076005", Display: "Prescription"}
	anItem        = fhir.Coding{System: nhs.CSSNOMED, Code: "33633005", Display: "Prescription of drug"}
	aRelease      = fhir.Coding{System: nhs.CSTaskCode, Code: "fulfill", Display: "Fulfill the focal request"}
	aSupply       = fhir.Coding{System: nhs.CSSNOMED, Code: "373784005", Display: "Dispensing medication"}
)

// execution is a stored Task: what it says about the prescription's progress,
// beside the prescription itself.
type execution struct {
	*prescription.Prescription
	version  *fhir.Version
	resource *fhir.Resource
	orders   []*prescription.Order // as the lines, in their order

	signed   prescription.Signature
	message  string     // identifier of the prescription's message, "" for none
	release  taskOutput // the zero record while nobody has taken it
	supplies []taskOutput
	agent    prescription.Party // who acts for the owner, SDS user id
	reason   fhir.Coding
	work     []string            // ids of the open Tasks of queues
	caller   prescription.Caller // who asks for something to be done with it

	asStored *prescription.Prescription // before an act that a supply of the same call goes with; nil where there is none

	exemption    fhir.Value // what a $dispense says for the claim, as extensions
	endorsements []endorsement

	readMet      []prescription.Hold // as the Task has them
	readReleases []prescription.HoldRelease

	readOriginals   []prescription.Original
	readApprovals   []prescription.Approval
	readAnswers     []prescription.Answer
	readCorrections []prescription.Correction
	readChecks      []prescription.Check
	readBags        []prescription.Bagged
	readOwings      []prescription.Owed
}

// taskOutput is a release or notification: its identifier, the Bundle that holds
// it, when it was.
type taskOutput struct{ id, ref, when string }

// TaskID is the id of the Task of one issue of a prescription.
func TaskID(order string, issue int) string {
	return pharmacy.ID("Task", order, strconv.Itoa(issue))
}

// begin writes the Task of an issue that waits for its pharmacy, and makes the
// changes of the queues. Its execution has no version yet.
func (s *Service) begin(state fhir.State, x *execution, authored string, now time.Time) (*fhir.Resource, []fhir.Change, error) {
	s.rules().Classify(x.Prescription)
	queues, err := s.queues(state, x, now)
	return x.newTask(s.rules().Law, authored), queues, err
}

func (x *execution) newTask(law prescription.Law, authored string) *fhir.Resource {
	p, id := x.Prescription, TaskID(x.Order, x.Issue)
	return fhir.Obj(
		"resourceType", "Task",
		"id", id,
		"extension", x.taskExtensions(),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDUUID, id), nhs.IdentifierValue(nhs.IDOrder, p.Order), nhs.IdentifierValue(nhs.IDOrderUUID, p.UUID)),
		"groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, p.Order),
		"status", p.State.Status,
		"businessStatus", nhs.Concept(nhs.Coding(nhs.CSBusinessStatus, p.State.Business)),
		"intent", "order",
		"code", nhs.Concept(nhs.Coding(nhs.CSEvent, "prescription-order")),
		"focus", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDOrder, p.Order)),
		"for", fhir.Obj("reference", p.Patient.Ref, "identifier", nhs.IdentifierValue(nhs.IDNHS, p.Patient.ID), "display", p.Patient.Name),
		"authoredOn", authored,
		"requester", prescription.Party{ID: p.Sender.ID, Name: p.Sender.Name}.Organization(), // by identifier: a reference would have to be contained
		"owner", p.Nominee.Organization(),
		"note", x.firstNotes(),
		"restriction", x.restriction(law),
		"input", x.inputs(),
	).Resource()
}

func (x *execution) firstNotes() fhir.Value {
	var list []any
	for _, text := range x.Remarks() {
		list = append(list, fhir.Obj("text", text))
	}
	return fhir.List(list...)
}

// notesNow are the notes of a Task with the remarks that hold now in the place
// of those that did.
func (x *execution) notesNow() fhir.Value {
	var list []any
	for n := range x.resource.Get("note").Items() {
		if !strings.HasPrefix(n.Get("text").Text(), prescription.RemarkOnHold) {
			list = append(list, n)
		}
	}
	for _, text := range x.Remarks() {
		list = append(list, fhir.Obj("text", text))
	}
	return fhir.List(list...)
}

// restriction is the time in which an issue may be supplied, by the law.
func (x *execution) restriction(law prescription.Law) fhir.Value {
	var end nhs.Date
	for i := range x.Lines {
		last, _ := x.Expiry(law, &x.Lines[i], false)
		end = nhs.Later(end, last)
	}
	return fhir.Obj("period", fhir.Obj("start", x.Appropriate(false).String(), "end", end.String()))
}

func (x *execution) taskExtensions() fhir.Value {
	var list []any
	if x.Therapy.Code != "" {
		list = append(list, fhir.Obj("url", nhs.ExtEPSPrescription, "extension", fhir.List(fhir.Obj("url", "courseOfTherapyType", "valueCoding", nhs.CodingValue(x.Therapy)))))
	}
	if x.Issues > 1 {
		list = append(list, x.RepeatInformation())
	}
	list = append(list, x.signed.Element())
	return fhir.List(append(list, x.workExtensions()...)...)
}

// inputs lists the message and the lines with their statuses.
func (x *execution) inputs() fhir.Value {
	list := []any{fhir.Obj(
		"extension", fhir.List(x.dispensing(nhs.Coding(nhs.CSBusinessStatus, x.State.Business), x.lastSupply())),
		"type", nhs.Concept(aPrescription),
		"valueReference", fhir.Obj("reference", x.messageRef(), "identifier", nhs.IdentifierValue(nhs.IDUUID, x.messageID())),
	)}
	for _, l := range x.Lines {
		var last taskOutput
		if l.Supplied.Value.IsPositive() || l.Status.Settled() {
			last = x.lastSupply()
		}
		list = append(list, fhir.Obj(
			"extension", fhir.List(x.dispensing(nhs.Coding(nhs.CSLineStatus, string(l.Status)), last), lastDay(&l)),
			"type", nhs.Concept(anItem),
			"valueReference", fhir.Obj("reference", l.Ref, "identifier", nhs.IdentifierValue(nhs.IDItem, l.Item), "display", l.Product.Display),
		))
	}
	return fhir.List(slices.Concat(list, x.recordItems(), x.heldItems())...)
}

// lastDay tells of an outstanding item by when it must be supplied; by the latest
// of these days alone, which the restriction of the Task is, no item is found that
// expires before the others.
func lastDay(l *prescription.Line) fhir.Value {
	if !l.Status.Outstanding() || l.Last.IsZero() {
		return fhir.Value{}
	}
	return fhir.Obj("url", extLastDay, "valueDate", l.Last.String())
}

// messageID names the message, or the prescription where it came without one.
func (x *execution) messageID() string {
	if x.message != "" {
		return x.message
	}
	return x.UUID
}

func (x *execution) messageRef() string {
	if x.message == "" {
		return ""
	}
	return "Bundle/" + message.OrderBundleID(x.Order)
}

func (x *execution) lastSupply() taskOutput {
	if n := len(x.supplies); n > 0 {
		return x.supplies[n-1]
	}
	return taskOutput{}
}

func (x *execution) dispensing(status fhir.Coding, last taskOutput) fhir.Value {
	parts := []any{fhir.Obj("url", "dispenseStatus", "valueCoding", nhs.CodingValue(status))}
	if last.id != "" {
		parts = append(parts,
			fhir.Obj("url", "dateLastDispensed", "valueDateTime", last.when),
			fhir.Obj("url", "dispenseNotificationReference", "valueIdentifier", nhs.IdentifierValue(nhs.IDUUID, last.id)))
	}
	return fhir.Obj("url", nhs.ExtDispensing, "extension", fhir.List(parts...))
}

// outputs lists the release and the notifications that stand.
func (x *execution) outputs() fhir.Value {
	var list []any
	if x.release.id != "" {
		list = append(list, x.release.write(aRelease, "dateDownloaded"))
	}
	for _, s := range x.supplies {
		list = append(list, s.write(aSupply, "dateLastIssuedDispensed"))
	}
	return fhir.List(list...)
}

func (r taskOutput) write(what fhir.Coding, date string) fhir.Value {
	return fhir.Obj(
		"extension", fhir.List(fhir.Obj("url", nhs.ExtRelease, "extension", fhir.List(fhir.Obj("url", date, "valueDateTime", r.when)))),
		"type", nhs.Concept(what),
		"valueReference", fhir.Obj("reference", r.ref, "identifier", nhs.IdentifierValue(nhs.IDUUID, r.id)),
	)
}

// rewritten are the extensions of a Task that are written anew whenever it is.
var rewritten = []string{extWork, nhs.ExtOwnSignature, nhs.ExtOwnOriginal}

// originalSupplied are the days of the supplies of a prescription whose paper original
// is sent to the NHSBSA.
func (x *execution) originalSupplied() (list []any) {
	if !x.OnPaper && !nhs.Extension(x.resource.Root(), nhs.ExtOwnOriginal).Exists() {
		return nil
	}
	var days []string
	for _, s := range x.supplies {
		if day := nhs.ReadDate(s.when); !day.IsZero() && !slices.Contains(days, day.String()) {
			days = append(days, day.String())
			list = append(list, fhir.Obj("url", nhs.ExtOwnOriginal, "valueDate", day.String()))
		}
	}
	return list
}

// revised is the Task as the execution is now.
func (x *execution) revised(now time.Time) *fhir.Resource {
	reason := fhir.Value{}
	if x.reason.Code != "" {
		reason = nhs.Concept(x.reason)
	}
	var extensions []any
	for _, e := range nhs.WithoutExtension(x.resource.Root(), nhs.ExtAgent) {
		if n, ok := e.(node); !ok || !slices.Contains(rewritten, n.Get("url").Text()) {
			extensions = append(extensions, e)
		}
	}
	extensions = append(extensions, x.signed.Element())
	extensions = append(extensions, x.workExtensions()...)
	extensions = append(extensions, x.originalSupplied()...)
	if x.agent.ID != "" {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtAgent, "valueReference", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, x.agent.ID), "display", x.agent.Name)))
	}
	return fhir.Revise(x.resource,
		"extension", fhir.List(x.claimExtensions(extensions)...),
		"status", x.State.Status,
		"statusReason", reason,
		"businessStatus", nhs.Concept(nhs.Coding(nhs.CSBusinessStatus, x.State.Business)),
		"owner", x.Owner.Organization(),
		"note", x.notesNow(),
		"lastModified", nhs.Stamp(now),
		"input", x.inputs(),
		"output", x.outputs(),
	)
}

// shown is the Task as it is in an answer: which version it has become is
// known only to those who read it.
func (x *execution) shown(now time.Time) *fhir.Resource {
	return fhir.Revise(x.revised(now), "meta", "")
}
