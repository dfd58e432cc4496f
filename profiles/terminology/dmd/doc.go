// Package dmd reads a release of the NHS dictionary of medicines and devices
// as NHSBSA publishes it (TRUD item 24): XML files f_vtm, f_vmp, f_vmpp, f_amp,
// f_ampp, f_ingredient and f_lookup, in a folder or in zips. It gives the code
// system https://dmd.nhs.uk, and puts the same products into a SNOMED CT
// edition, since their identifiers are identifiers of SNOMED CT and the NHS's
// prescribing interfaces use them as such.
//
// The hierarchy is that of dm+d: a therapeutic moiety (VTM) above its virtual
// products (VMP), above their actual products (AMP); and packs below products.
// The codes VTM, VMP, VMPP, AMP, AMPP, INGREDIENT, FORM, ROUTE, SUPPLIER and
// UNIT_OF_MEASURE stand above all of their class.
package dmd
