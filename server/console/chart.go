package console

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// chart is bars with the same figures as a table below them.
type chart struct {
	Title, Unit string
	Bars        []bar
}

// bar is a figure with its words; the value is a decimal number.
type bar struct{ Words, Value string }

// Sizes of a chart in units of its own.
const (
	chartWidth = 640
	barHeight  = 28
	labelWidth = 200
)

func (c *chart) write(w *markup.Writer) {
	if len(c.Bars) == 0 {
		w.HTML("<p>There are no figures.</p>\n")
		return
	}
	least, most := 0.0, 0.0
	list := make([]float64, len(c.Bars))
	for i, b := range c.Bars {
		list[i], _ = strconv.ParseFloat(b.Value, 64) // what is no number is a bar without length
		least, most = min(least, list[i]), max(most, list[i])
	}
	span := most - least
	if span == 0 {
		span = 1
	}
	scale := (chartWidth - labelWidth - 10) / span
	at := func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
	zero := labelWidth - least*scale
	height := strconv.Itoa(barHeight*len(c.Bars) + 4)
	w.HTML("<svg class=\"chart\" role=\"img\" aria-labelledby=\"chart-title chart-desc\"").Attr("viewBox", "0 0 "+strconv.Itoa(chartWidth)+" "+height).HTML(">\n<title id=\"chart-title\">").Text(c.Title).HTML("</title>\n<desc id=\"chart-desc\">The same figures are in the table below.</desc>\n")
	for i, b := range c.Bars {
		y := i*barHeight + 4
		w.HTML("<text aria-hidden=\"true\" x=\"0\"").Attr("y", strconv.Itoa(y+16)).HTML(">").Text(b.Words).HTML("</text>\n<rect")
		if list[i] < 0 {
			w.HTML(" class=\"less\"")
		}
		w.Attr("x", at(zero+min(0, list[i])*scale)).Attr("y", strconv.Itoa(y)).Attr("width", at(max(1, max(list[i], -list[i])*scale))).Attr("height", strconv.Itoa(barHeight-8)).HTML("></rect>\n")
	}
	w.HTML("</svg>\n<table>\n<caption>").Text(c.Title).HTML("</caption>\n<thead><tr><th scope=\"col\">Part</th><th scope=\"col\">Amount</th></tr></thead>\n<tbody>\n")
	for _, b := range c.Bars {
		value := c.Unit + b.Value
		if rest, less := strings.CutPrefix(b.Value, "-"); less {
			value = "−" + c.Unit + rest
		}
		w.HTML("<tr><th scope=\"row\">").Text(b.Words).HTML("</th><td class=\"money\">").Text(value).HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n")
}
