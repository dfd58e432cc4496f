// Package nhs holds what the parts of the pharmacy share of the NHS: the URLs of
// its identifier systems, code systems and extensions, the displays of its codes,
// readers of elements by those URLs, and the calendar day in London. It holds
// facts and no rules, and imports the FHIR vocabulary alone.
package nhs
