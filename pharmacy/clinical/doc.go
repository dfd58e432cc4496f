// Package clinical checks an order before it is supplied: against its patient, what
// they were supplied, their allergies, conditions and measurements. What it finds
// is a clinical issue, which a pharmacist may override with a reason; law, which
// nobody may, is in the rules of dispensing.
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
