package dispensing

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// Database is what the service needs of the store.
type Database interface {
	pharmacy.Committer
	pharmacy.Reader
	// ReceiptFor is the receipt that was committed under a key, if any.
	ReceiptFor(ctx context.Context, key string) (fhir.Receipt, bool, error)
}

// Site is the pharmacy that this server serves.
type Site struct {
	ODS, Name string
	// ReimbursementAuthority is the ODS code of who pays it: T1450 for NHSBSA.
	ReimbursementAuthority string
	// Endpoint is the address by which others reach it.
	Endpoint string
}

// Options are what the service is made with. The zero value works: the law is
// the embedded one, and the pharmacy has to be named in each call.
type Options struct {
	Law *Law
	// Policy is which steps the pharmacy wants before a supply; nil for the embedded one.
	Policy *prescription.Policy
	Site   Site
	// FromReceipt counts the validity of a prescription from its arrival where
	// that is later than its dates, so that prescriptions of the past can be
	// worked with. It is for training; a pharmacy must not set it.
	FromReceipt bool
	// Dictionary, where one is loaded, knows medicines beside the built-in tables.
	Dictionary prescription.Dictionary
	// Codes are those that a claim may carry; without them $dispense takes none.
	Codes ClaimCodes
	// Duties say what needs a second person, or a fresh proof of who they are; nil for
	// nothing.
	Duties Duties
}

// Duties refuse an act by the person who did an earlier one on the same record.
// earlier is who that was, "" where no person did it.
type Duties interface {
	Separate(state fhir.State, act, about string, who fhir.Principal, earlier string) error
	// Fresh refuses an act on medicines of some schedules by a person who proved too
	// long ago who they are; "?" is the schedule of a medicine that is not named.
	Fresh(schedules []string, who fhir.Principal, now time.Time) error
}

// Service is the dispensing part of the business.
type Service struct {
	db       Database
	fixed    prescription.Rules // without the law
	law      *Law
	site     Site
	codes    ClaimCodes
	duties   Duties
	patience time.Duration // how long a call waits for the follower
}

// New makes the service over a database.
func New(db Database, opts Options) *Service {
	s := &Service{db: db, site: opts.Site, codes: opts.Codes, duties: opts.Duties, patience: 2 * time.Second}
	s.fixed = prescription.Rules{Medicines: prescription.BuiltInMedicines.With(opts.Dictionary), FromReceipt: opts.FromReceipt, Policy: prescription.BuiltInPolicy}
	if opts.Policy != nil {
		s.fixed.Policy = *opts.Policy
	}
	if s.law = opts.Law; s.law == nil {
		s.law = NewLaw(prescription.BuiltInLaw)
	}
	return s
}

// Operations are the operations for the server to offer.
func (s *Service) Operations() []fhir.Operation {
	return []fhir.Operation{
		{Name: "process-message", RequestID: true, Handle: s.processMessage, Judge: s.judgeMessage,
			Parameters: messageInputs, Query: true, Events: message.Events, Carries: message.Carried,
			Doc: "Takes an EPS message: prescription-order, prescription-order-update or dispense-notification."},
		{Name: "release", Type: "Task", RequestID: true, Handle: s.release, Judge: message.JudgeRelease,
			Parameters: releaseInputs,
			Doc:        "Releases one prescription by its id, or up to 25 that are nominated to the pharmacy."},
		{Name: "accept", Type: "Task", Instance: true, Versioned: true, Handle: s.acceptTask, Parameters: acceptInputs,
			Doc: "Takes the prescription for the pharmacy."},
		{Name: "dispense", Type: "Task", Instance: true, Versioned: true, Handle: s.dispenseTask,
			Parameters: dispenseInputs,
			Doc:        "Records what was supplied, is owed or will not be dispensed, and writes the dispense notification."},
		{Name: "complete-claim", Type: "Task", Instance: true, Versioned: true, Handle: s.completeClaim, Parameters: completeInputs,
			Doc: "Says afterwards what the supply did not say for the claim: the exemption from the charge and the endorsements."},
		{Name: "owe", Type: "Task", Instance: true, Versioned: true, Handle: s.oweTask, Parameters: oweInputs,
			Doc: "Records what is owed of items, why, and when it is expected; what is handed over of them now is supplied."},
		{Name: "hand-over", Type: "Task", Instance: true, Versioned: true, Handle: s.handOverTask, Parameters: handOverInputs,
			Doc: "Records that what waits in the bag is collected or delivered, by whom, and writes the dispense notification: this is the supply."},
		{Name: "dispatch", Type: "Task", Instance: true, Versioned: true, Handle: s.dispatchTask, Parameters: dispatchInputs,
			Doc: "Records that a courier takes what waits in the bag to be delivered."},
		{Name: "fail-delivery", Type: "Task", Instance: true, Versioned: true, Handle: s.failDeliveryTask, Parameters: failDeliveryInputs,
			Doc: "Records that the courier could not deliver it; it is dispatched again, handed over or put back."},
		{Name: "tracking-status", Type: "Task", Instance: true, Idempotent: true, ByRole: true, Handle: s.trackingTask, Parameters: trackingInputs,
			Doc: "Returns the Bundle of the Prescription Status Update API with what the NHS App shows of each item."},
		{Name: progressOp, Type: "Task", Instance: true, Idempotent: true, Handle: s.progressTask, Parameters: []fhir.Parameter{},
			Doc: "Returns how far the prescription and each item is, since when, and what it waits for, without medicines: for whoever is asked where it is."},
		{Name: "put-back", Type: "Task", Instance: true, Versioned: true, Handle: s.putBackTask, Parameters: putBackInputs,
			Doc: "Puts what waits in the bag back into the stock, because it was not collected or delivered."},
		{Name: "return", Type: "Task", Instance: true, Versioned: true, Handle: s.returnTask, Parameters: returnInputs,
			Doc: "Gives the prescription back undispensed."},
		{Name: "withdraw", Type: "Task", Instance: true, Versioned: true, Handle: s.withdrawTask, Parameters: withdrawInputs,
			Doc: "Takes the last dispense notification back."},
		{Name: "release-hold", Type: "Task", Instance: true, Versioned: true, Handle: s.releaseHold, Parameters: releaseHoldInputs,
			Doc: "Records a pharmacist's decision on an item that is held, with who and why."},
		{Name: "hold", Type: "Task", Instance: true, Versioned: true, Handle: s.holdTask, Parameters: holdInputs,
			Doc: "Holds items until a pharmacist has decided, with a coded reason and words."},
		{Name: "approve", Type: "Task", Instance: true, Versioned: true, Handle: s.approveTask, Parameters: approveInputs,
			Doc: "Records that a pharmacist has checked items and that they may be supplied."},
		{Name: "reject", Type: "Task", Instance: true, Versioned: true, Handle: s.rejectTask, Parameters: rejectInputs,
			Doc: "Refuses items for good, or returns the prescription, by the code system of the reason."},
		{Name: "record-original", Type: "Task", Instance: true, Versioned: true, Handle: s.recordOriginal, Parameters: originalInputs,
			Doc: "Records that the paper original of a private prescription for a drug of schedule 2 or 3 is in hand and was checked."},
		{Name: "check", Type: "Task", Instance: true, Versioned: true, Handle: s.checkTask, Parameters: checkInputs,
			Doc: "Records that a second person has counted what is about to be handed over."},
		{Name: "query", Type: "Task", Instance: true, Versioned: true, Handle: s.queryTask, Parameters: queryInputs,
			Doc: "Asks the prescriber's organisation by a CommunicationRequest, and holds the items until a pharmacist has settled the query."},
		{Name: "correct", Type: "Task", Instance: true, Versioned: true, Handle: s.correctTask, Parameters: correctInputs,
			Doc: "Records what a pharmacist has put right on the paper original of a private prescription."},
		{Name: "mitigate", Type: "DetectedIssue", Instance: true, Handle: s.mitigate, Parameters: mitigateInputs,
			Doc: "Records what a pharmacist did about a clinical issue, with who and why, and releases the hold of the item."},
		{Name: "label", Type: "Task", Instance: true, Idempotent: true, ByRole: true, Handle: s.labelTask, Parameters: labelInputs, Files: []string{"application/pdf"},
			Doc: "Returns the dispensing labels of items that are about to be supplied, and notes of what is owed, as data and as text, or as a PDF for a label printer."},
		{Name: "label", Type: "MedicationDispense", Instance: true, Idempotent: true, ByRole: true, Handle: s.labelSupply, Parameters: printInputs, Files: []string{"application/pdf"},
			Doc: "Returns the dispensing label of a supply that is recorded, and a note of what is owed, as data and as text, or as a PDF for a label printer."},
		{Name: "reconcile", Type: "Task", Instance: true, Versioned: true, Handle: s.reconcileTask, Parameters: reconcileInputs,
			Doc: "Settles what was taken on from another pharmacy and left open: what a product is, whose a record is, what became of an owing."},
		{Name: "cancel", Type: "Task", Instance: true, Versioned: true, Handle: s.cancelTask, Parameters: cancelInputs,
			Doc: "Cancels the prescription or one of its items for the prescriber."},
	}
}

// Intakes are the creates that the service takes: the Tasks by which EPS
// dispensers return a prescription or withdraw a dispense notification.
func (s *Service) Intakes() []fhir.Intake {
	return []fhir.Intake{{Type: "Task", RequestID: true, Accepts: isEPSTask, Handle: s.takeTask, Judge: message.JudgeTask, Operation: operationOf}}
}

// Narrowings are the searches that EPS restricts: its prescription tracker.
func (s *Service) Narrowings() []fhir.Narrowing {
	return []fhir.Narrowing{{Base: "/FHIR/R4", Type: "Task", Check: message.CheckTracker}}
}

// Followers are to be driven along the change log.
func (s *Service) Followers() []pharmacy.Follower { return []pharmacy.Follower{follower{s}} }

// outcome is what an operation wants to happen: changes, and the answer when
// they are committed.
type outcome struct {
	changes []fhir.Change
	reply   *fhir.Reply
}

// attempts bounds how often an operation that another writer overtook is
// decided anew.
const attempts = 50

// carryOut decides on the state that stands, commits, and decides again when
// somebody else was quicker. A repeat of the request gets its first answer.
func (s *Service) carryOut(ctx context.Context, call *fhir.Call, decide func(state fhir.State) (*outcome, error)) (*fhir.Reply, error) {
	var err error
	for range attempts {
		var o *outcome
		if o, err = decide(s.db.State(ctx)); err != nil {
			return s.answered(ctx, call, nil, err)
		}
		if len(o.changes) == 0 {
			return s.answered(ctx, call, o.reply, nil)
		}
		var commit *fhir.Commit
		commit, err = s.db.Commit(ctx, &fhir.Transaction{
			Changes: o.changes, Receipt: call.Answer(o.reply), Derived: true,
			Requester: call.Requester, RequestID: call.RequestID, Time: call.Time,
		})
		switch {
		case err == nil && commit.Repeated:
			return firstAnswer(call, commit.Receipt)
		case err == nil:
			return o.reply, nil
		case fhir.KindOf(err) != fhir.Conflict:
			return nil, err
		}
	}
	return nil, err
}

// answered gives the first answer to a request that finds its own effects in
// its way, because it was sent again while it was under way; else what was
// decided now, which changes nothing.
func (s *Service) answered(ctx context.Context, call *fhir.Call, reply *fhir.Reply, refused error) (*fhir.Reply, error) {
	if call.Receipt.Key == "" {
		return reply, refused
	}
	receipt, ok, err := s.db.ReceiptFor(ctx, call.Receipt.Key)
	if err != nil || !ok {
		return reply, refused
	}
	return firstAnswer(call, receipt)
}

// firstAnswer is the answer that a request has had already. The same request
// id on another request is a mistake of the sender.
func firstAnswer(call *fhir.Call, receipt fhir.Receipt) (*fhir.Reply, error) {
	if fhir.RequestOf(receipt) != string(call.Receipt.Body) {
		return nil, fhir.E("call", fhir.Conflict, fhir.Issue{Rule: "REPEAT-1", Message: "Another request had this X-Request-ID.", Found: call.RequestID,
			Expected: "a new X-Request-ID for each request, the same one only to repeat a request", Expression: "http.X-Request-ID"})
	}
	return fhir.ReplyOf(receipt)
}

// refusal gathers issues as the refusal of an operation.
func refusal(op string, issues ...fhir.Issue) error {
	kind := fhir.BusinessRule
	for i := range issues {
		if issues[i].Severity == "" {
			issues[i].Severity = fhir.Err
		}
		if issues[i].Code == "" {
			issues[i].Code = kind
		}
	}
	return &fhir.Error{Op: op, Kind: issues[0].Code, Issues: issues}
}

// informational is how EPS says that all is well, with what there is to remark.
func informational(call *fhir.Call, remarks ...fhir.Issue) *fhir.Reply {
	return &fhir.Reply{Resource: fhir.Accepted(call, remarks...)}
}

// endpoint is the address of this server.
func (s *Service) endpoint(call *fhir.Call) string {
	switch {
	case call.Base != "":
		return call.Base
	case s.site.Endpoint != "":
		return s.site.Endpoint
	}
	return "urn:nhs-uk:addressing:ods:" + s.site.ODS
}
