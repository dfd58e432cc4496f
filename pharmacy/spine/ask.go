package spine

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// ask finds out whether the patient of a prescription is who has their NHS number, and holds
// it where not. An answer of another prescription is good for as long as is set, and as the
// record of the patient stays what it was.
func (s *Service) ask(ctx context.Context, state fhir.State, x *record) (o outcome, err error) {
	v, patient, err := patientOf(state, x.patient)
	if err != nil {
		return o, ours(err)
	}
	answer := entry{state: left}
	if patient != nil && number(patient) != "" {
		answer, err = s.known(state, x, v)
		if err != nil {
			return o, ours(err)
		}
		if answer.state == "" {
			o.called = true
			answer, err = s.found(ctx, x, patient)
			answer.of = v.VersionID
		}
	}
	if err != nil {
		return o, err
	}
	if answer.state == differs {
		_, task, _ := cut(x.task)
		if err := s.prescriptions.HoldPatient(ctx, task, "Basic/"+x.id, answer.said, s.clock()); err != nil {
			return o, ours(err)
		}
	}
	o.entries = map[string]entry{"": answer}
	return o, nil
}

// known is an answer that there is already, the zero entry for none.
func (s *Service) known(state fhir.State, x *record, v *fhir.Version) (entry, error) {
	ids, err := state.Newest("Basic", nhs.Query("identifier", idPatient, v.ID), 8)
	if err != nil {
		return entry{}, err
	}
	for _, id := range ids {
		other, err := current(state, id)
		if err != nil {
			return entry{}, err
		}
		if other == nil || other.id == x.id {
			continue
		}
		for _, e := range other.entries {
			if (e.state == same || e.state == differs) && e.of == v.VersionID && s.clock().Sub(e.at) < s.keep {
				return entry{state: e.state, said: e.said, of: e.of, at: e.at}, nil
			}
		}
	}
	return entry{}, nil
}

// found asks the Personal Demographics Service.
func (s *Service) found(ctx context.Context, x *record, patient *fhir.Resource) (entry, error) {
	n := number(patient)
	found, err := s.nhs.Patient(ctx, pharmacy.ID("nhs-request", x.id, x.version), n)
	switch {
	case isRefused(err):
		return entry{state: refused, said: words(err)}, nil
	case err != nil:
		return entry{}, err
	case found == nil:
		return entry{state: differs, said: "The Personal Demographics Service knows nobody by the NHS number of the patient."}, nil
	}
	other := s.prescriptions.Differs(patient.Root(), found.Root())
	if has := number(found); has != "" && has != n {
		other = append(other, "NHS number")
	}
	if dead(found) && !dead(patient) {
		other = append(other, "death")
	}
	if len(other) == 0 {
		return entry{state: same}, nil
	}
	sorting.By(other, strings.Compare)
	return entry{state: differs, said: "The Personal Demographics Service and the record of the patient differ in " + strings.Join(other, ", ") + "."}, nil
}

// dead reports whether a record says that the patient has died.
func dead(patient *fhir.Resource) bool {
	return patient.Get("deceasedBoolean").Bool() || patient.Get("deceasedDateTime").Exists()
}
