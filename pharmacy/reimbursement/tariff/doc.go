// Package tariff holds what the NHS pays by, as effective-dated data: the
// monthly price lists of the Drug Tariff, price concessions, list prices of
// branded products, product flags and the schedule of fees, deductions and
// charges. It reads the files in which these are published and answers what
// held on a day; it computes no payment.
//
// Money is exact: whole pence as int64 where the source has whole pence, a
// big.Rat of pence elsewhere.
package tariff
