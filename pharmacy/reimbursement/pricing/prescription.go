package pricing

import (
	"math/big"
	"time"
)

// Prescription is what was supplied on one issue of a prescription.
type Prescription struct {
	Day       time.Time // the dispensing day, which decides what data holds
	Exemption string    // prescription-charge-exemption code, "" where unknown
	// Country is whose charge holds where the exemption does not say; "" for
	// England.
	Country string
	Lines   []Line
	// Claimed says that an NHS claim is assessed, which names the exemption.
	Claimed bool
	// Leftovers are the movements of what is left of packs paid before as
	// broken bulk, by pack.
	Leftovers map[string][]Leftover
}

// Line is one prescribed item and what was supplied of it.
type Line struct {
	Prescribed   Product
	Ordered      Quantity
	Schedule     int // of the Misuse of Drugs Regulations as ordered, 0 where the order says none
	Endorsements []Endorsement
	Charges      int  // prescription charges paid for the line
	Free         bool // a prescriber's endorsement frees the line of the charge
	Supplies     []Supply
}

// Product is a product by its SNOMED CT id (dm+d VMP or AMP).
type Product struct{ Code, Name string }

// Quantity is an amount in a unit as the message names it.
type Quantity struct {
	Value *big.Rat // nil where there is none
	Unit  string
}

// Supply is a product handed over and how much of it.
type Supply struct {
	Product  Product
	Quantity Quantity
}

// Endorsement is a dispenser's endorsement and its supporting information.
type Endorsement struct{ Code, Text string }

func (l Line) endorsed(codes ...string) (Endorsement, bool) {
	for _, e := range l.Endorsements {
		for _, c := range codes {
			if e.Code == c {
				return e, true
			}
		}
	}
	return Endorsement{}, false
}

// supplied reports whether anything was handed over.
func (l Line) supplied() bool {
	for _, s := range l.Supplies {
		if s.Quantity.Value != nil && s.Quantity.Value.Sign() > 0 {
			return true
		}
	}
	return false
}
