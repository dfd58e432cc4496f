// Package clinical checks an order before it is supplied: against its patient, what
// they were supplied, their allergies, conditions and measurements. What it finds
// is a clinical issue, which a pharmacist may override with a reason; law, which
// nobody may, is in the rules of dispensing.
//
// The follower of [Service] records what is found of open orders as DetectedIssues,
// and its guard checks once more within the commit of a supply: what stops the order,
// and of which nothing is recorded to have been done, refuses it. What is read of a
// state is gathered by need, and what it becomes is in docs/clinical.md.
//
// [Table.Check] is a pure function over values. What it judges by is data: the
// rules are clinical.tsv, with a day from which each holds and a source, and the
// names and classes that they speak of are substances.tsv, conditions.tsv and
// measures.tsv.
//
// What no rule covers: renal and hepatic impairment, breast-feeding, pregnancy
// (but for modafinil), blood pressure by centile, side effects, food and alcohol,
// excipients, doses of medicines other than those for ADHD, and interactions of
// medicines none of which is for ADHD.
package clinical
