// Package pharmacy is the frame of the business: what a follower is, the loop
// that drives it along the change log, and the ports through which the
// business meets the database. The business itself is in the packages below.
//
// A follower turns accepted writes into further writes. It never runs inside a
// client's request: it reads the log after its cursor, computes with a pure
// step what follows, and its output and its cursor are committed together.
package pharmacy
