package typed

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
	cpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	bcpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	mpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/medication_go_proto"
	mrpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/medication_request_go_proto"
	patpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/patient_go_proto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

func parse(t testing.TB, s string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(s))
	require.NoError(t, err)
	return r
}

// message gives any resource as its message.
func message(r *fhir.Resource) (proto.Message, error) {
	c := (&bcpb.ContainedResource{}).ProtoReflect()
	f := shapeOf(c.Descriptor()).byName[r.Type()]
	if f == nil {
		return nil, errors.New("no resource type of R4")
	}
	m := c.Mutable(f.fd).Message()
	return m.Interface(), fill(m, r)
}

var codec = sync.OnceValues(func() (*jsonformat.Unmarshaller, *jsonformat.Marshaller) {
	u, err := jsonformat.NewUnmarshaller("UTC", fhirversion.R4)
	if err != nil {
		panic(err)
	}
	m, err := jsonformat.NewMarshaller(false, "", "", fhirversion.R4)
	if err != nil {
		panic(err)
	}
	return u, m
})

// google reads and writes with the codec of google/fhir.
func google(json string) (string, error) {
	u, m := codec()
	c, err := u.UnmarshalR4([]byte(json))
	if err != nil {
		return "", err
	}
	b, err := m.Marshal(c)
	return string(b), err
}

func roundTrip(t *testing.T, json string) string {
	t.Helper()
	m, err := message(parse(t, json))
	require.NoError(t, err)
	r, err := From(m)
	require.NoError(t, err)
	return string(r.JSON())
}

func TestTo(t *testing.T) {
	order, err := To[*mrpb.MedicationRequest](parse(t, `{"resourceType":"MedicationRequest","id":"1","status":"on-hold","intent":"order",
		"subject":{"reference":"Patient/9"},"authoredOn":"2026-11-24T09:30:00+00:00",
		"medicationCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"322237000"}]},
		"dispenseRequest":{"quantity":{"value":28.00},"numberOfRepeatsAllowed":6}}`))
	require.NoError(t, err)
	assert.Equal(t, cpb.MedicationrequestStatusCode_ON_HOLD, order.GetStatus().GetValue())
	assert.Equal(t, "9", order.GetSubject().GetPatientId().GetValue())
	assert.Equal(t, "Patient/9", Reference(order.GetSubject()))
	assert.Equal(t, "28.00", order.GetDispenseRequest().GetQuantity().GetValue().GetValue())
	assert.Equal(t, uint32(6), order.GetDispenseRequest().GetNumberOfRepeatsAllowed().GetValue())
	assert.Equal(t, "322237000", order.GetMedication().GetCodeableConcept().GetCoding()[0].GetCode().GetValue())

	order.Status.Value = cpb.MedicationrequestStatusCode_COMPLETED
	r, err := From(order)
	require.NoError(t, err)
	assert.Equal(t, "completed", r.Get("status").Text())
	assert.Equal(t, "2026-11-24T09:30:00+00:00", r.Get("authoredOn").Text())
}

func TestToSaysAllThatDoesNotFit(t *testing.T) {
	_, err := To[*patpb.Patient](parse(t, `{"resourceType":"Patient",
 "birthdate":"1970-01-01",
 "birthDate":"1.1.1970",
 "name":{"family":"A"},
 "gender":"Female",
 "contact":[{"resourceType":"Patient"}],
 "deceasedBoolean":true,"deceasedDateTime":"2020",
 "managingOrganization":{"_reference":[{"id":"a"}]},
 "multipleBirthInteger":1.5}`))
	var e *fhir.Error
	require.ErrorAs(t, err, &e)
	var got []string
	for _, i := range e.Issues {
		got = append(got, i.Expression+": "+i.Text())
	}
	assert.Equal(t, []string{
		`Patient.birthdate: There is no element of this name. Expected: an element of Patient. Found: "1970-01-01".`,
		`Patient.birthDate: The value does not fit the element's type. Expected: a date such as 2026, 2026-11 or 2026-11-24. Found: "1.1.1970".`,
		`Patient.name: The element repeats, so its JSON is an array even for one value. Expected: an array. Found: an object.`,
		`Patient.gender: The value does not fit the element's type. Expected: one of the codes male, female, other, unknown. Found: "Female".`,
		`Patient.contact[0].resourceType: There is no element of this name. Expected: an element of Contact. Found: "Patient".`,
		`Patient.deceasedDateTime: A choice element has two values. Expected: one of the properties deceased[x]. Found: "2020".`,
		`Patient.managingOrganization._reference: The element does not repeat, so its JSON is no array. Expected: one value. Found: an array.`,
		`Patient.multipleBirthInteger: The value does not fit the element's type. Expected: a whole number from -2147483648 to 2147483647. Found: 1.5.`,
	}, got)

	_, err = To[*mpb.Medication](parse(t, `{"resourceType":"Patient"}`))
	assert.ErrorContains(t, err, "a Medication. Found: Patient.")
}

// The defects of google/fhir v0.7.4, each shown on its codec and guarded here.
func TestGuards(t *testing.T) {
	for name, c := range map[string]struct{ json, theirs string }{
		"Parameters.parameter.resource cannot be read": {
			`{"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Patient","id":"1"}}]}`, "error"},
		"null in an array of primitives is refused": {
			`{"resourceType":"Patient","name":[{"given":["A",null,"B"],"_given":[null,{"id":"x"},null]}]}`, "error"},
		"a code with only an extension is refused": {
			`{"resourceType":"Patient","_language":{"extension":[{"url":"http://a","valueBoolean":true}]}}`, "error"},
		"extensions beside a reference are dropped": {
			`{"resourceType":"Patient","managingOrganization":{"reference":"Organization/1","_reference":{"extension":[{"url":"http://a","valueBoolean":true}]}}}`, "lost"},
		"an id beside a fragment is dropped": {
			`{"resourceType":"Patient","managingOrganization":{"reference":"#1","_reference":{"id":"x"}}}`, "lost"},
		"fractions of seconds get other digits": {
			`{"resourceType":"Patient","deceasedDateTime":"2020-01-01T00:00:00.1Z"}`, "changed"},
		"nanoseconds are cut": {
			`{"resourceType":"Patient","meta":{"lastUpdated":"2020-01-01T00:00:00.123456789+01:00"}}`, "changed"},
		"-00:00 becomes +00:00": {
			`{"resourceType":"Patient","deceasedDateTime":"2020-01-01T00:00:00-00:00"}`, "changed"},
		"leap seconds are refused": {
			`{"resourceType":"Patient","deceasedDateTime":"2016-12-31T23:59:60Z"}`, "error"},
		"codes of any case are accepted": {
			`{"resourceType":"Patient","gender":"FEMALE"}`, "accepted"},
		"properties of any case are accepted": {
			`{"resourceType":"Patient","Active":true}`, "accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := google(c.json)
			switch c.theirs {
			case "error":
				assert.Error(t, err, "google/fhir has mended this")
			default:
				require.NoError(t, err)
				assert.NotEqual(t, oracle.Sorted([]byte(c.json)), oracle.Sorted([]byte(out)), "google/fhir has mended this")
			}
			if c.theirs == "accepted" {
				_, err := message(parse(t, c.json))
				assert.Error(t, err)
				return
			}
			assert.Equal(t, oracle.Sorted([]byte(c.json)), oracle.Sorted([]byte(roundTrip(t, c.json))))
		})
	}
}

func TestFromLeavesItsArgumentAlone(t *testing.T) {
	json := `{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://a","valueCode":"x"}]},"managingOrganization":{"reference":"Organization/1"},
		"photo":[{"data":"AA AA AA AA"}]}`
	u, theirs := codec()
	c, err := u.UnmarshalR4([]byte(json))
	require.NoError(t, err)
	before := proto.Clone(c)
	_, err = theirs.Marshal(c)
	require.NoError(t, err)
	assert.False(t, proto.Equal(before, c), "google/fhir has mended Marshal")

	m, err := message(parse(t, json))
	require.NoError(t, err)
	before = proto.Clone(m)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, err := From(m)
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	assert.True(t, proto.Equal(before, m))
}

func TestFromReadsMessagesOfGoogle(t *testing.T) {
	u, _ := codec()
	json := `{"resourceType":"MedicationRequest","contained":[{"resourceType":"Medication","id":"m"}],"status":"active","intent":"order","subject":{"reference":"Patient/1"},"medicationReference":{"reference":"#m"}}`
	c, err := u.UnmarshalR4([]byte(json))
	require.NoError(t, err)
	r, err := From(c)
	require.NoError(t, err)
	assert.Equal(t, oracle.Sorted([]byte(json)), oracle.Sorted(r.JSON()))
	_, err = From(&bcpb.ContainedResource{})
	assert.Error(t, err)
	_, err = From(&dpb.HumanName{})
	assert.Error(t, err)
}

func TestPack(t *testing.T) {
	medication := parse(t, `{"resourceType":"Medication","id":"m","code":{"text":"a"}}`)
	order := &mrpb.MedicationRequest{Contained: []*anypb.Any{Pack(medication)}}
	r, err := From(order)
	require.NoError(t, err)
	assert.Equal(t, `{"resourceType":"MedicationRequest","contained":[{"resourceType":"Medication","id":"m","code":{"text":"a"}}]}`, string(r.JSON()))
	again, err := To[*mrpb.MedicationRequest](r)
	require.NoError(t, err)
	inner, err := Unpack(again.GetContained()[0])
	require.NoError(t, err)
	m, err := To[*mpb.Medication](inner)
	require.NoError(t, err)
	assert.Equal(t, "a", m.GetCode().GetText().GetValue())
	_, err = Unpack(&anypb.Any{TypeUrl: "type.googleapis.com/no.such"})
	assert.Error(t, err)
}

func TestFromLeavesOutWhatIsEmpty(t *testing.T) {
	r, err := From(&patpb.Patient{
		Id:   &dpb.Id{},
		Meta: &dpb.Meta{},
		Name: []*dpb.HumanName{{}, {Family: &dpb.String{Value: "A"}}, {}},
		Link: []*patpb.Patient_Link{{Other: &dpb.Reference{}}},
		Text: &dpb.Narrative{Div: &dpb.Xhtml{}},
	})
	require.NoError(t, err)
	assert.Equal(t, `{"resourceType":"Patient","name":[{"family":"A"}]}`, string(r.JSON()))

	_, err = From(&patpb.Patient{BirthDate: &dpb.Date{ValueUs: 1}})
	assert.ErrorContains(t, err, "Patient.birthDate: a Date without a precision")
}

func TestKeptTextYieldsToANewValue(t *testing.T) {
	m, err := To[*patpb.Patient](parse(t, `{"resourceType":"Patient","deceasedDateTime":"2020-01-01T00:00:00.1Z"}`))
	require.NoError(t, err)
	m.GetDeceased().GetDateTime().ValueUs += 1e6
	r, err := From(m)
	require.NoError(t, err)
	assert.Equal(t, "2020-01-01T00:00:01.100Z", r.Get("deceasedDateTime").Text())
}

// Every code of every enum must come out as it went in.
func TestCodes(t *testing.T) {
	seen := map[protoreflect.FullName]bool{}
	var walk func(d protoreflect.MessageDescriptor)
	codes := 0
	walk = func(d protoreflect.MessageDescriptor) {
		if seen[d.FullName()] {
			return
		}
		seen[d.FullName()] = true
		s := shapeOf(d)
		for number, code := range s.codes {
			if code == "" {
				continue
			}
			codes++
			assert.Equal(t, protoreflect.EnumNumber(number), s.numbers[code], "%s %s", d.FullName(), code)
			assert.Equal(t, code, strings.TrimSpace(code))
		}
		for _, f := range s.fields {
			walk(f.fd.Message())
		}
	}
	walk((&bcpb.ContainedResource{}).ProtoReflect().Descriptor())
	assert.Greater(t, codes, 3000)
}
