package reimbursement

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

const aFile = "November Drug Tariff Part VIIIA,,,,,,\r\n,,,,,,\r\nMedicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\r\n" +
	"Amoxicillin 250mg capsules,21,capsule,39732311000001104,99990011000001109,Part VIIIA Category M,100\r\n"

func TestLoadKeepsEveryVersion(t *testing.T) {
	w := newWorld(t)
	load := func(name, data string) *Loaded {
		l, err := w.s.LoadTariff(w.ctx, File{Name: name, Data: []byte(data)}, fhir.Principal{Agent: "operator"})
		require.NoError(t, err)
		return l
	}
	l := load("Part VIIIA Nov 2026.csv", aFile)
	require.Equal(t, "Binary/tariff-part-viiia-2026-11/_history/1", l.Ref)
	require.Equal(t, november, l.Month)
	require.Equal(t, 1, l.Rows)
	require.True(t, load("Part VIIIA Nov 2026.csv", aFile).Unchanged)
	require.Equal(t, 1, w.versions("Binary", "tariff-part-viiia-2026-11"))
	l = load("Part VIIIA Nov 2026 corrected.csv", aFile+"Other,28,tablet,322341003,322237000,Part VIIIA Category Z,1\r\n")
	require.Equal(t, "Binary/tariff-part-viiia-2026-11/_history/2", l.Ref)
	require.Len(t, l.Warnings, 1)
	require.Contains(t, l.Warnings[0].Text(), "no discount group for category Z")
	w.get("Binary", "tariff-part-viiia-2026-11")
}

func TestLoadWithTheMonthGiven(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.LoadTariff(w.ctx, File{Name: "tariff.csv", Data: []byte(aFile)}, fhir.Principal{})
	require.Error(t, err)
	_, err = w.s.LoadTariff(w.ctx, File{Name: "tariff.csv", Month: tariff.NewMonth(2026, time.October), Data: []byte(aFile)}, fhir.Principal{})
	require.ErrorContains(t, err, "another month")
	_, err = w.s.LoadTariff(w.ctx, File{Name: "tariff.csv", Month: november, Data: []byte(aFile)}, fhir.Principal{})
	require.NoError(t, err)
	rx := acute(anOrder)
	rx.store(w)
	_, response := w.claimed(rx)
	require.Contains(t, string(response.JSON()), "100p × 20 / 21")
}

func TestLoadOfConcessions(t *testing.T) {
	w := newWorld(t)
	concessions := File{Name: "concessions 2026-11.csv", Data: []byte("Medicine,Pack size,Price\nAmoxicillin 250mg capsules,21,£2.10\n")}
	_, err := w.s.LoadTariff(w.ctx, concessions, fhir.Principal{})
	require.ErrorContains(t, err, "No edition of Part VIIIA", "concessions replace prices of an edition")
	_, err = w.s.LoadTariff(w.ctx, File{Month: november, Data: []byte(aFile)}, fhir.Principal{})
	require.NoError(t, err)
	l, err := w.s.LoadTariff(w.ctx, concessions, fhir.Principal{})
	require.NoError(t, err)
	require.Equal(t, tariff.PriceConcessions, l.Kind)
	rx := acute(anOrder)
	rx.store(w)
	_, response := w.claimed(rx)
	require.Contains(t, string(response.JSON()), "210p × 20 / 21 = 200p")
	require.Contains(t, string(response.JSON()), "Binary/tariff-price-concessions-2026-11/_history/1")

	next := acute("222222-A83008-222222")
	next.handed = "2026-12-01T10:00:00Z"
	next.store(w)
	_, response = w.claimed(next)
	require.Contains(t, string(response.JSON()), "100p × 20 / 21", "a concession is for its month alone")
}

func TestLoadRefusesWithEveryMistake(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.LoadTariff(w.ctx, File{Month: november, Data: []byte(aFile + "B,0,tablet,x,y,Part VIIIA,free\r\n")}, fhir.Principal{})
	var e *fhir.Error
	require.True(t, errors.As(err, &e))
	require.Len(t, e.Issues, 5)
	require.Equal(t, 5, e.Issues[0].Position.Line)
	require.Zero(t, w.versions("Binary", "tariff-part-viiia-2026-11"))
	_, err = w.s.LoadTariff(w.ctx, File{Data: []byte("a,b\n1,2\n")}, fhir.Principal{})
	require.ErrorContains(t, err, "none that the tariff is made of")
}

func TestLoadedFeesReplaceTheBuiltIn(t *testing.T) {
	w := newWorld(t).sample()
	l, err := w.s.LoadTariff(w.ctx, File{Data: []byte("rule,from,value,unit,mark,source\nsingle-activity-fee,2026-11-01,160,pence,B,a test\nrounding,2026-11-01,half-up,word,B,ours\n")}, fhir.Principal{})
	require.NoError(t, err)
	require.Equal(t, "Binary/tariff-fee-schedule/_history/1", l.Ref)
	rx := acute(anOrder)
	rx.store(w)
	_, response := w.claimed(rx)
	require.Contains(t, string(response.JSON()), "single-activity-fee from 2026-11-01 (B)")
	require.Contains(t, string(response.JSON()), "The fee schedule has no consumables for 20 November 2026")
}
