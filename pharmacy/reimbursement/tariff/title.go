package tariff

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	words     = regexp.MustCompile(`[A-Za-z]{3,9}`)
	yearAfter = regexp.MustCompile(`^[\s_.,'-]*(20[0-9]{2}|[0-9]{2})`)
	isoMonth  = regexp.MustCompile(`(?:^|[^0-9])(20[0-9]{2})[-_.]?(0[1-9]|1[0-2])(?:[^0-9]|$)`)
)

// when is what a title or a file name says about the month: either part may be
// missing.
type when struct {
	year  int
	month time.Month
}

func (w when) complete() bool { return w.year != 0 && w.month != 0 }

// findMonth reads the month out of a title ("September Drug Tariff Part VIIIA")
// or a file name ("Part VIIIA Nov 20 updated", "…December 20251.xls_0.csv",
// "part-viiia-2026-11.csv"). Names are irregular: a month may be shortened and
// the year may have two digits, follow with more digits or be missing.
func findMonth(text string) when {
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	if m := isoMonth.FindStringSubmatch(text); m != nil {
		year, _ := strconv.Atoi(m[1])
		month, _ := strconv.Atoi(m[2])
		return when{year, time.Month(month)}
	}
	for _, span := range words.FindAllStringIndex(text, -1) {
		month := monthNamed(text[span[0]:span[1]])
		if month == 0 {
			continue
		}
		w := when{month: month}
		if m := yearAfter.FindStringSubmatch(text[span[1]:]); m != nil {
			w.year, _ = strconv.Atoi(m[1])
			if w.year < 100 {
				w.year += 2000
			}
		}
		return w
	}
	return when{}
}

func monthNamed(word string) time.Month {
	word = strings.ToLower(word)
	for m := time.January; m <= time.December; m++ {
		if strings.HasPrefix(strings.ToLower(m.String()), word) {
			return m
		}
	}
	return 0
}

// MonthIn is the month that a file's name says, zero where it says none whole.
func MonthIn(name string) Month {
	w := findMonth(name)
	if !w.complete() {
		return 0
	}
	return NewMonth(w.year, w.month)
}
