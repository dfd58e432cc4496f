package prescription

import (
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Pack is what the code on a pack of a medicine tells: GS1 General Specifications,
// application identifiers 01, 10, 17 and 21.
type Pack struct {
	GTIN   string // 14 digits
	Batch  string
	Serial string
	Expiry nhs.Date // the last day of the month where the pack names no day
}

// groupSeparator ends a field of variable length: FNC1 as scanners send it.
const groupSeparator = '\x1d'

// longestField is how long the fields of variable length are at most.
const longestField = 20

// ReadPack reads what a scanner sends of a pack: the elements of a GS1 DataMatrix,
// with or without the identifier of the symbology before them, as "(01)…(17)…" in
// the form that people read, or a GTIN alone.
func ReadPack(scan string) (p Pack, err error) {
	text := strings.TrimSpace(scan)
	for _, symbology := range []string{"]d2", "]C1", "]Q3"} {
		text = strings.TrimPrefix(text, symbology)
	}
	text = strings.TrimPrefix(text, string(groupSeparator))
	if digitsOnly(text) && (len(text) == 13 || len(text) == 14) {
		err := p.take("01", fmt.Sprintf("%014s", text))
		return p, err
	}
	if text == "" {
		return p, fmt.Errorf("the code of the pack is empty")
	}
	bracketed := strings.HasPrefix(text, "(")
	seen := map[string]bool{}
	for text != "" {
		var ai, value string
		if ai, value, text, err = nextField(text, bracketed); err != nil {
			return Pack{}, err
		}
		if seen[ai] {
			return Pack{}, fmt.Errorf("the field (%s) is there twice", ai)
		}
		seen[ai] = true
		if err := p.take(ai, value); err != nil {
			return Pack{}, err
		}
	}
	return p, nil
}

// nextField splits the first field off.
func nextField(text string, bracketed bool) (ai, value, rest string, err error) {
	if bracketed {
		if !strings.HasPrefix(text, "(") || len(text) < 4 || text[3] != ')' {
			return "", "", "", fmt.Errorf("expected (01), (10), (17) or (21) before %q", brief(text))
		}
		ai, rest = text[1:3], text[4:]
		if i := strings.IndexByte(rest, '('); i >= 0 {
			return ai, rest[:i], rest[i:], nil
		}
		return ai, rest, "", nil
	}
	if len(text) < 2 {
		return "", "", "", fmt.Errorf("the field %q is cut off", text)
	}
	ai, rest = text[:2], text[2:]
	if n := fixedLength[ai]; n > 0 {
		if len(rest) < n {
			return "", "", "", fmt.Errorf("the field (%s) is cut off: expected %d digits, found %q", ai, n, rest)
		}
		return ai, rest[:n], strings.TrimPrefix(rest[n:], string(groupSeparator)), nil
	}
	value, rest, _ = strings.Cut(rest, string(groupSeparator))
	return ai, value, rest, nil
}

// fixedLength is the number of digits of the fields that have one.
var fixedLength = map[string]int{"01": 14, "17": 6}

// take reads one field.
func (p *Pack) take(ai, value string) error {
	if n := fixedLength[ai]; n > 0 && (len(value) != n || !digitsOnly(value)) {
		return fmt.Errorf("the field (%s) has %d digits, found %q", ai, n, brief(value))
	}
	switch ai {
	case "01":
		if !checked(value) {
			return fmt.Errorf("the check digit of the GTIN %s is wrong", value)
		}
		p.GTIN = value
	case "17":
		day, err := expiryDay(value)
		if err != nil {
			return err
		}
		p.Expiry = day
	case "10", "21":
		if value == "" || len(value) > longestField || strings.ContainsFunc(value, func(r rune) bool { return r < '!' || r > 'z' }) {
			return fmt.Errorf("the field (%s) has 1 to %d printable characters, found %q", ai, longestField, brief(value))
		}
		if ai == "10" {
			p.Batch = value
		} else {
			p.Serial = value
		}
	default:
		return fmt.Errorf("the field (%s) is not one of (01), (10), (17), (21)", brief(ai))
	}
	return nil
}

// expiryDay is a day as YYMMDD; 00 stands for the last of the month.
func expiryDay(value string) (nhs.Date, error) {
	whole := value[4:] == "00"
	text := value
	if whole {
		text = value[:4] + "01"
	}
	t, err := time.Parse("20060102", "20"+text)
	if err != nil {
		return nhs.Date{}, fmt.Errorf("the field (17) is a day as YYMMDD, found %q", value)
	}
	if whole {
		t = t.AddDate(0, 1, -1)
	}
	return nhs.Date{Time: t}, nil
}

// checked reports whether the last digit of a GTIN fits the others.
func checked(gtin string) bool {
	sum := 0
	for i, r := range gtin {
		if weight := 3 - 2*(i%2); i < len(gtin)-1 {
			sum += weight * int(r-'0')
		} else {
			return int(r-'0') == (10-sum%10)%10
		}
	}
	return false
}

func digitsOnly(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// brief is the beginning of a text, for a message.
func brief(text string) string {
	if len(text) > 30 {
		return text[:30] + "…"
	}
	return text
}

// Text tells of a pack in words, "" where nothing is known.
func (p Pack) Text() string {
	var list []string
	for _, part := range []struct{ name, value string }{{"Batch", p.Batch}, {"expires", p.Expiry.String()}, {"GTIN", p.GTIN}, {"serial", p.Serial}} {
		if part.value != "" {
			list = append(list, part.name+" "+part.value)
		}
	}
	return strings.Join(list, ", ")
}
