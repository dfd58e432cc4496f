// Package size tests that work is linear in what a request is about: of every
// thing that can be many (entries, nodes, issues, definitions, clauses, versions,
// …), one among many takes the time and the memory that one among few takes.
//
// Each case is sent in growing sizes to the running program. Compared are what
// the process has had of the processors and what it allocated, for each item,
// both in one run. `make long size` takes the largest sizes.
package size
