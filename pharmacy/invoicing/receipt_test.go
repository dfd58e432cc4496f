package invoicing

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestReceipt prints an invoice that is paid in part, and its credit.
func TestReceipt(t *testing.T) {
	w := newWorld(t)
	p := newRx(1).hand(ampm, lis("28"))
	p.handings[0].delivered = true
	p.supplied(w)
	id := w.draft().ID()
	w.breaks("PRIV-2", func() error { _, err := w.call("receipt", id); return err })
	w.must("issue", id)
	w.must("record-payment", id, cash(2000, "1")...)
	as := fhir.Obj("name", "as", "valueCode", "text")
	text := func(id string) string {
		data, err := base64.StdEncoding.DecodeString(w.must("receipt", id, as).Get("data").Text())
		require.NoError(t, err)
		return string(data)
	}
	require.Equal(t, `Invoice VNE51-000001
VNE51
Date        2026-11-24
To be paid  by 2026-12-08
Account     VNE51/000001-X99CL0-00000A/1

                                                         net       VAT        gross
  1. 2026-11-20, Medicine, 28 capsule                 £45.75     £0.00       £45.75
  2. 2026-11-20, Delivery, 1 delivery                  £4.99     £1.00        £5.99
     Total                                            £50.74     £1.00       £51.74

After credits £51.74, paid £20.00, due £31.74
`, text(id))
	credit := w.must("credit", id, reason("x"))
	require.Contains(t, text(credit.ID()), "Credit note VNE51-000002\nVNE51\nDate        2026-11-24\nCredits     VNE51-000001\n")
	require.Contains(t, text(credit.ID()), "Total                                           -£50.74    -£1.00      -£51.74")
	pdf := w.must("receipt", id)
	require.Equal(t, "application/pdf", pdf.Get("contentType").Text())
	require.True(t, strings.HasPrefix(pdf.Get("data").Text(), base64.StdEncoding.EncodeToString([]byte("%PDF-1."))[:8]))
	require.Equal(t, pdf.JSON(), w.must("receipt", id).JSON(), "the same bytes")
	w.refused("The form is not known", func() error { _, err := w.call("receipt", id, fhir.Obj("name", "as", "valueCode", "tape")); return err })
}
