package prescription

// Verdict is what becomes of a cancellation: a code of
// medicationrequest-status-history, the order's status as it is in the reply,
// and whether the service does what was asked.
type Verdict struct {
	Code, Status string
	Done         bool
}

// The verdicts that leave an order behind. R-0008, R-0009, R-5000 and R-5888
// refuse the message as such.
var (
	VerdictCancelled       = Verdict{"R-0001", "cancelled", true}
	VerdictWithDispenser   = Verdict{"R-0002", "active", false} // and marked for cancellation
	VerdictDispenserActive = Verdict{"R-0003", "active", false} // and marked for cancellation
	VerdictDispensed       = Verdict{"R-0004", "completed", false}
	VerdictExpired         = Verdict{"R-0005", "stopped", false}
	VerdictCancelledBefore = Verdict{"R-0006", "cancelled", false}
	VerdictAskedBefore     = Verdict{"R-0007", "unknown", false}
	VerdictNotDispensed    = Verdict{"R-0010", "stopped", false}
)

// VerdictOn decides on the cancellation of a line of a prescription in a state, the
// zero State while it has no Task yet.
func VerdictOn(state State, l *Line) Verdict {
	switch {
	case l.Status == LineCancelled:
		return VerdictCancelledBefore
	case l.Status == LineExpired || state == Expired:
		return VerdictExpired
	case l.Status == NotDispensed || state == NoneDispensed:
		return VerdictNotDispensed
	case l.Status == FullyDispensed || state == Dispensed:
		return VerdictDispensed
	case l.PendingCancellation:
		return VerdictAskedBefore
	case state == Accepted || state == PendingCancellation:
		return VerdictWithDispenser
	case state.WithDispenser():
		return VerdictDispenserActive
	}
	return VerdictCancelled
}
