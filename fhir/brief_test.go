package fhir

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		`"Leeds"`: `"Leeds"`,
		`1.50`:    `1.50`,
		`true`:    `true`,
		`{"system": "http://loinc.org", "code": "8480-6", "display": "Systolic"}`:               `http://loinc.org|8480-6`,
		`{"coding": [{"system": "a", "code": "b"}, {"system": "c", "code": "d"}], "text": "x"}`: `a|b, c|d`,
		`{"text": "take one"}`: `text "take one"`,
		`{"use": "official", "system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9434765919"}`: `https://fhir.nhs.uk/Id/nhs-number|9434765919`,
		`{"reference": "Patient/1", "display": "Ada"}`:                                              `Patient/1`,
		`{"identifier": {"system": "s", "value": "v"}}`:                                             `s|v`,
		`{"value": 28, "unit": "tablet", "code": "428673006"}`:                                      `28 tablet`,
		`{"start": "2026-01-01", "end": "2026-02-01"}`:                                              `start "2026-01-01", end "2026-02-01"`,
		`{"url": "http://x/e", "valueCoding": {"system": "a", "code": "b"}}`:                        `http://x/e a|b`,
		`{"url": "http://x/e", "extension": [{"url": "part", "valueString": "y"}]}`:                 `http://x/e (part "y")`,
		`[{"period": {"start": "2026"}, "rank": 1}, {"rank": 2}]`:                                   `period.start "2026", rank 1, rank 2`,
	} {
		assert.Equal(t, want, parse(t, `{"x": `+text+`}`).Get("x").Brief(), text)
	}
	assert.Equal(t, "nothing", parse(t, `{"x": 1}`).Get("y").Brief())
}

// TestBriefIsShort: whatever the size, a line, and no braces of JSON.
func TestBriefIsShort(t *testing.T) {
	many := parse(t, `{"x": [`+strings.Repeat(`{"a": {"b": [1, {"c": "é"}]}},`, 50_000)+`{}]}`).Get("x").Brief()
	assert.LessOrEqual(t, len(many), longestBrief+len("…"))
	assert.NotContains(t, many, "{")
	long := parse(t, `{"x": "`+strings.Repeat("é", 5000)+`"}`).Get("x").Brief()
	assert.LessOrEqual(t, len(long), longestBrief+len("…"))
	assert.True(t, strings.HasSuffix(long, "…"))
}
