package main

import "fmt"

// row is one line of the table.
type row struct {
	work   string
	hold   hold
	shared bool // needs the data of others
	suite  suite
	// figure gives what is held, and all there is to say about it.
	figure func(f *figures) (value float64, text string)
}

// hold is what a figure is held to. The zero value holds nothing.
type hold struct {
	least, most float64 // 0 for no bound
	unit        string
}

func (h hold) String() string {
	switch {
	case h.least > 0:
		return fmt.Sprintf(">= %g %s", h.least, h.unit)
	case h.most > 0:
		return fmt.Sprintf("<= %g %s", h.most, h.unit)
	}
	return "-"
}

func (h hold) verdict(value float64) string {
	switch {
	case h.least == 0 && h.most == 0:
		return "-"
	case h.least > 0 && value < h.least, h.most > 0 && value > h.most:
		return "misses"
	}
	return "holds"
}

// measure runs the benchmarks of a row and judges its figure.
func (r *row) measure(run *runner) (measured, verdict string, err error) {
	if r.shared && !run.shared {
		return "-", "skipped: needs ../shared or PESTLE_SHARED", nil
	}
	f, err := run.figures(r.suite)
	if err != nil {
		return "", "", err
	}
	value, text := r.figure(f)
	if f.missing != "" {
		return "", "", fmt.Errorf("no benchmark gave %s", f.missing)
	}
	return text, r.hold.verdict(value), nil
}
