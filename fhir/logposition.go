package fhir

import "encoding/binary"

// LogPosition is a commit in the history of one database: its sequence and the first
// 8 bytes of the chain of the log up to it, which are others in every other history.
type LogPosition struct {
	Seq   Seq
	Chain uint64
}

// Encode returns the position in 16 bytes.
func (p LogPosition) Encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(p.Seq)), p.Chain)
}

// DecodeLogPosition reads what [LogPosition.Encode] has written; false for anything else.
func DecodeLogPosition(b []byte) (LogPosition, bool) {
	if len(b) != 16 {
		return LogPosition{}, false
	}
	return LogPosition{Seq(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:])}, true
}
