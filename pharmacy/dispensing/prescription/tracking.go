package prescription

import "slices"

// TrackingStatus is what the NHS App shows of an item: a code of
// task-businessStatus-nppt, as the Prescription Status Update API takes it.
type TrackingStatus string

// The statuses of the NHS App, and which of them end an item: Task.status is completed
// for those, in-progress for all else.
const (
	WithPharmacy       TrackingStatus = "With Pharmacy"
	PreparingRemainder TrackingStatus = "With Pharmacy - Preparing Remainder"
	ReadyToCollect     TrackingStatus = "Ready to Collect"
	ReadyToDispatch    TrackingStatus = "Ready to Dispatch"
	Collected          TrackingStatus = "Collected"
	OnItsWay           TrackingStatus = "Dispatched"
	NoSupply           TrackingStatus = "Not Dispensed"

	partial = " - Partial" // of what is ready and leaves something of the item
)

// Ends reports whether nothing more comes after a status.
func (t TrackingStatus) Ends() bool { return t == Collected || t == OnItsWay || t == NoSupply }

// Tracking is what the NHS App shows of an item, "" while no pharmacy has it. What has
// expired in part was collected in part.
func (p *Prescription) Tracking(l *Line) TrackingStatus {
	waits := p.InBag(l)
	switch {
	case l.Status == ToBeDispensed:
		return ""
	case l.Status.Settled() && !l.Supplied.Value.IsPositive():
		return NoSupply
	case l.Status.Settled():
		return p.howTaken(l)
	case len(waits) > 0:
		return ready(waits)
	case l.Status == PartDispensed || l.Status == Owing:
		return PreparingRemainder
	}
	return WithPharmacy
}

// ready is the status of what is in the bag.
func ready(waits []*Bagged) TrackingStatus {
	status := ReadyToCollect
	switch {
	case waits[0].Stage == Dispatched:
		return OnItsWay
	case waits[0].For == "delivery":
		status = ReadyToDispatch
	}
	if !slices.ContainsFunc(waits, func(b *Bagged) bool { return b.Status == FullyDispensed }) {
		status += partial
	}
	return status
}

// howTaken tells what was delivered from what was collected, by the last bag of the item.
func (p *Prescription) howTaken(l *Line) TrackingStatus {
	for _, b := range slices.Backward(p.Bags) {
		if p.Line(b.Item) == l && b.Void && b.PutBack == "" {
			if b.For == "delivery" {
				return OnItsWay
			}
			break
		}
	}
	return Collected
}
