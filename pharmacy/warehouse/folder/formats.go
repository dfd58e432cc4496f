package folder

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
)

// Columns are those of a CSV file of events. Others are refused, and those that are not
// needed may be left out. An event of several lots is several lines with one id, or
// without ids with the same type, timestamp and order one after the other.
var Columns = []string{"id", "type", "timestamp", "order", "revision", "batch", "expiry", "quantity", "by", "checkedBy", "carrier", "tracking", "expected", "outcome", "recipient", "identity", "reason"}

// messageColumns are those of a CSV file that the warehouse is told by: a line for each
// lot.
var messageColumns = []string{"id", "type", "timestamp", "order", "revision", "product", "name", "quantity", "unit", "handling", "batch", "expiry", "lotQuantity"}

func messageCSV(m warehouse.Message) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write(messageColumns) // to memory
	lots := m.Data.Lots
	if len(lots) == 0 {
		lots = []warehouse.Pack{{}}
	}
	for _, p := range lots {
		quantity := ""
		if p.Quantity.IsPositive() {
			quantity = p.Quantity.String()
		}
		row := []string{m.ID, string(m.Kind), m.When.UTC().Format(time.RFC3339), m.Data.ID, fmt.Sprint(m.Data.Revision), m.Data.Product, m.Data.Name, m.Data.Quantity, m.Data.Unit, strings.Join(m.Data.Handling, " "), p.Batch, p.Expiry, quantity}
		for i := range row {
			row[i] = pharmacy.Cell(row[i])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return out.Bytes()
}

// readJSON reads one event, or an array of events. An event may have its id beside type,
// timestamp and data.
func readJSON(id string, text []byte) (events []placed, wrong []string) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	list := []json.RawMessage{text}
	if bytes.HasPrefix(text, []byte("[")) {
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, []string{"The file is not JSON: " + err.Error() + "."}
		}
	}
	for i, raw := range list {
		at := fmt.Sprintf("event %d", i+1)
		var named map[string]json.RawMessage
		own := fmt.Sprintf("%s-%d", id, i+1)
		if err := json.Unmarshal(raw, &named); err != nil {
			wrong = append(wrong, at+": The event is not JSON: "+err.Error()+".")
			continue
		}
		if given, ok := named["id"]; ok {
			if err := json.Unmarshal(given, &own); err != nil {
				wrong = append(wrong, at+": The id is not a text.")
				continue
			}
			delete(named, "id")
			raw, _ = json.Marshal(named) // as it was parsed
		}
		e, err := warehouse.ReadEvent(own, raw)
		if err != nil {
			wrong = append(wrong, at+": "+saidBy(err))
			continue
		}
		events = append(events, placed{e, at})
	}
	return events, wrong
}

// readCSV reads a table of events.
func readCSV(id string, text []byte) (events []placed, wrong []string) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	head, err := r.Read()
	if err != nil {
		return nil, []string{"The file has no line of column names: " + err.Error() + "."}
	}
	column := map[string]int{}
	for i, name := range head {
		known := false
		for _, c := range Columns {
			known = known || c == name
		}
		if _, twice := column[name]; !known || twice {
			wrong = append(wrong, fmt.Sprintf("line 1: The column is unknown, or there twice. Expected: %s. Found: %q.", strings.Join(Columns, ", "), name))
		}
		column[name] = i
	}
	for _, name := range []string{"type", "timestamp", "order"} {
		if _, ok := column[name]; !ok {
			wrong = append(wrong, "line 1: The column "+name+" is missing.")
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, append(wrong, "The file is not CSV: "+err.Error()+".")
		}
		line, _ := r.FieldPos(0)
		cell := func(name string) string {
			i, ok := column[name]
			if !ok || i >= len(row) {
				return ""
			}
			return strings.TrimPrefix(strings.TrimSpace(row[i]), "'")
		}
		e, bad := eventOf(cell)
		at := fmt.Sprintf("line %d", line)
		for _, why := range bad {
			wrong = append(wrong, at+": "+why)
		}
		if n := len(events); n > 0 && len(e.Lots) > 0 && sameEvent(&events[n-1].Event, &e, cell("id") == "") {
			events[n-1].Lots = append(events[n-1].Lots, e.Lots...)
			continue
		}
		if e.ID == "" {
			e.ID = fmt.Sprintf("%s-%d", id, line)
		}
		events = append(events, placed{e, at})
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	for i := range events { // with all its lots, as JSON is checked
		e, err := warehouse.ReadEvent(events[i].ID, events[i].Text())
		if err != nil {
			wrong = append(wrong, events[i].at+": "+saidBy(err))
			continue
		}
		events[i].Event = e
	}
	return events, wrong
}

func sameEvent(a, b *warehouse.Event, unnamed bool) bool {
	return a.Kind == b.Kind && a.When.Equal(b.When) && a.Order == b.Order && a.Revision == b.Revision && (unnamed || a.ID == b.ID)
}

// eventOf reads a line.
func eventOf(cell func(name string) string) (e warehouse.Event, wrong []string) {
	e.ID, e.Kind = cell("id"), warehouse.EventKind(cell("type"))
	var err error
	if e.When, err = time.Parse(time.RFC3339, cell("timestamp")); err != nil {
		wrong = append(wrong, fmt.Sprintf("The timestamp is not an instant. Expected: such as 2026-11-02T09:00:00Z. Found: %q.", cell("timestamp")))
	}
	e.Order, e.By, e.Checked, e.Carrier, e.Tracking = cell("order"), cell("by"), cell("checkedBy"), cell("carrier"), cell("tracking")
	e.Expected, e.Outcome, e.Recipient, e.Reason = cell("expected"), cell("outcome"), cell("recipient"), cell("reason")
	if text := cell("revision"); text != "" {
		if _, err := fmt.Sscanf(text+"\n", "%d\n", &e.Revision); err != nil {
			wrong = append(wrong, fmt.Sprintf("The revision is not a whole number. Found: %q.", text))
		}
	}
	switch text := cell("identity"); text {
	case "":
	case "true", "false":
		shown := text == "true"
		e.Identity = &shown
	default:
		wrong = append(wrong, fmt.Sprintf("The identity is not true or false. Found: %q.", text))
	}
	if cell("batch")+cell("expiry")+cell("quantity") != "" {
		q, err := decimal.NewFromString(cell("quantity"))
		if err != nil || len(cell("quantity")) > 40 {
			wrong = append(wrong, fmt.Sprintf("The quantity is not a number. Found: %q.", cell("quantity")))
		}
		e.Lots = []warehouse.Pack{{Batch: cell("batch"), Expiry: cell("expiry"), Quantity: q}}
	}
	return e, wrong
}
