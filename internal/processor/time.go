// Package processor tells tests and benchmarks what their process has had of the
// processors. Other work on the machine lengthens the time that something takes, but
// hardly this, so it is what costs are compared by.
package processor
