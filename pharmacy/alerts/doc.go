// Package alerts tells the people who can act that something waits, fails or runs out.
//
// Rules are rows of a dated table (alerts.tsv): a search of what is stored, or a figure of
// the running server, with the limit beyond which it is an alert, and what to do. [Desk.Watch]
// judges them once a minute. An alert is a Task under an id that follows from the rule and its
// cause: received while nobody has looked at it, in-progress once somebody acknowledged
// it, on-hold once somebody put it aside while its cause goes on, completed when the cause
// is gone. A cause that comes back is the same Task again.
//
// Receivers are told once of each time that an alert is raised, within the hours that they
// keep; only what is critical is told at any time. No alert holds anything of a patient: it
// is made of the words of its rule, a number and a link.
package alerts
