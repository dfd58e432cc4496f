package profiles

// The forms of the temporal types (R4, Data Types), said as one wants to read
// them in an issue.
const (
	dateForm     = "a date as YYYY, YYYY-MM or YYYY-MM-DD"
	dateTimeForm = "a date, or a date and time as YYYY-MM-DDThh:mm:ss with Z or an offset such as +01:00"
	instantForm  = "a date and time as YYYY-MM-DDThh:mm:ss with Z or an offset such as +01:00"
	timeForm     = "a time as hh:mm:ss"
	calendarDay  = "a day that the calendar has"
)

func date(text string) fault {
	rest, ok := calendar(text)
	if !ok || rest != "" {
		return fault{expected: dateForm, fix: likelyDate(text)}
	}
	return realDay(text)
}

func dateTime(text string) fault {
	rest, ok := calendar(text)
	if !ok || rest != "" && !clockAndZone(text, rest) {
		return fault{expected: dateTimeForm, fix: likelyTime(text)}
	}
	return realDay(text)
}

func instant(text string) fault {
	rest, ok := calendar(text)
	if !ok || !clockAndZone(text, rest) {
		return fault{expected: instantForm, fix: likelyTime(text)}
	}
	return realDay(text)
}

func timeOfDay(text string) fault {
	rest, ok := clock(text)
	if !ok || rest != "" {
		return wrong(timeForm)
	}
	return fault{}
}

// calendar reads YYYY, YYYY-MM or YYYY-MM-DD and gives what follows.
func calendar(text string) (rest string, ok bool) {
	year, ok := number(text, 4)
	if !ok || year == 0 {
		return text, false
	}
	text = text[4:]
	for _, most := range [...]int{12, 31} {
		if text == "" || text[0] != '-' {
			return text, true
		}
		part, ok := number(text[1:], 2)
		if !ok || part == 0 || part > most {
			return text, false
		}
		text = text[3:]
	}
	return text, true
}

// clockAndZone reads Thh:mm:ss and an offset behind a complete date.
func clockAndZone(text, rest string) bool {
	if len(text)-len(rest) != len("YYYY-MM-DD") || rest == "" || rest[0] != 'T' {
		return false
	}
	zone, ok := clock(rest[1:])
	if !ok {
		return false
	}
	if zone == "Z" {
		return true
	}
	if len(zone) != len("+hh:mm") || zone[0] != '+' && zone[0] != '-' || zone[3] != ':' {
		return false
	}
	hours, ok1 := number(zone[1:], 2)
	minutes, ok2 := number(zone[4:], 2)
	return ok1 && ok2 && minutes < 60 && (hours < 14 || hours == 14 && minutes == 0)
}

// clock reads hh:mm:ss with an optional fraction and gives what follows. The
// second 60 is a leap second.
func clock(text string) (rest string, ok bool) {
	if len(text) < len("hh:mm:ss") || text[2] != ':' || text[5] != ':' {
		return text, false
	}
	hours, ok1 := number(text, 2)
	minutes, ok2 := number(text[3:], 2)
	seconds, ok3 := number(text[6:], 2)
	if !ok1 || !ok2 || !ok3 || hours > 23 || minutes > 59 || seconds > 60 {
		return text, false
	}
	text = text[8:]
	if text == "" || text[0] != '.' {
		return text, true
	}
	end := 1
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	return text[end:], end > 1
}

// number reads exactly so many digits at the start.
func number(text string, digits int) (n int, ok bool) {
	if len(text) < digits {
		return 0, false
	}
	for i := range digits {
		if !isDigit(text[i]) {
			return 0, false
		}
		n = 10*n + int(text[i]-'0')
	}
	return n, true
}

// realDay refuses days that a month does not have, such as 30 February.
func realDay(text string) fault {
	if len(text) < len("YYYY-MM-DD") {
		return fault{}
	}
	year, _ := number(text, 4)
	month, _ := number(text[5:], 2)
	day, _ := number(text[8:], 2)
	if day > daysIn(year, month) {
		return wrong(calendarDay)
	}
	return fault{}
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
