// Package invoicing is the private side of a pharmacy's money: what patients and
// clinics pay for what the NHS does not.
//
// A follower makes a ChargeItem of each private supply, priced by the list and the
// terms of the clinic that prescribed it on the day of the supply (package
// prices), and an Invoice: one for each supply, or one for each clinic and month,
// as the terms say. An Invoice is a draft until Invoice/[id]/$issue numbers
// it; then nothing of it changes any more. What is corrected later is a credit:
// another Invoice of negative amounts that refers to the first.
//
// # Who writes
//
// Every record of this package is the server's own: a follower or an operation
// writes it, and no caller by REST. A ChargeItem and an Invoice have ids that
// follow from what they are made of, so that a replay of the log makes nothing
// twice.
//
// # Accounts
//
// Each ChargeItem, Invoice and payment names one account by an identifier: that of
// the issue of a prescription, where each supply is invoiced, or that of a clinic
// with a pharmacy, where each month is. What is owed on an account is the sum of
// its issued invoices and credits less the sum of its payments and refunds: a sum,
// which no order of events changes.
package invoicing
