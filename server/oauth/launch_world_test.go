package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

const (
	base     = "https://pharmacy.example/fhir"
	home     = "https://app.example/cb"
	verifier = "0123456789012345678901234567890123456789abc"
)

// staff is who is signed in, by the header Person, and who works here.
type staff struct {
	now      func() time.Time
	proved   time.Duration // ago
	strength int
	left     map[string]bool
	is       map[string]Person
}

func (s *staff) Signed(r *http.Request) (Person, Proof, bool) {
	p, ok := s.is[r.Header.Get("Person")]
	return p, Proof{At: s.now().Add(-s.proved), Strength: s.strength}, ok
}

func (*staff) SignInURL(back string) string { return "/sign-in?back=" + url.QueryEscape(back) }

func (s *staff) account(name string) (Person, bool) { return s.is[name], !s.left[name] }

// charts has the patients pa and pb; who is of X99PH sees pa alone.
type charts struct{}

func (charts) Patients(ctx context.Context, who auth.Identity, find string) (list []Record, err error) {
	for _, id := range []string{"pa", "pb"} {
		if r, err := (charts{}).Patient(ctx, who, id); err == nil && strings.HasPrefix(r.Name, find) {
			list = append(list, r)
		}
	}
	return list, nil
}

func (charts) Patient(_ context.Context, who auth.Identity, id string) (Record, error) {
	if id == "pa" || id == "pb" && who.Requester.OnBehalf != "X99PH" {
		return Record{ID: id, Name: "Name-" + id}, nil
	}
	return Record{}, fhir.E("chart", fhir.NotFound, fhir.Issue{Message: "no"})
}

func (charts) Encounters(_ context.Context, _ auth.Identity, patient string) ([]Record, error) {
	return []Record{{ID: "e-" + patient, Name: "Visit"}}, nil
}

// pharmacists may read what is of patients, and accept; nobody else may do anything.
type pharmacists []string

func (p pharmacists) may() bool { return len(p) == 1 && p[0] == "pharmacist" }
func (p pharmacists) Allow(typ string, letter byte) bool {
	return p.may() && typ != "Claim" && (letter == 'r' || letter == 's')
}
func (p pharmacists) AllowOperation(name, _ string) bool {
	return p.may() && (name == "Task/$accept" || name == "$launch")
}
func (pharmacists) SeesAll() bool  { return false }
func (pharmacists) SeesNone() bool { return false }

// launching is a world with people and apps: public, secret and keyed, and another
// public one, other.
type launching struct {
	*world
	staff  *staff
	secret string
}

func newLaunching(t *testing.T) *launching {
	w := &launching{world: newWorld(t)}
	w.staff = &staff{now: func() time.Time { return w.now }, proved: time.Minute, left: map[string]bool{}, is: map[string]Person{
		"anna":  {Name: "anna", Agent: "Practitioner/anna", Display: "Anna", Organisation: "X99PH", Roles: []string{"pharmacist"}},
		"ben":   {Name: "ben", Agent: "sds-user-id|1", Display: "Ben", Organisation: "A83008", Roles: []string{"pharmacist"}},
		"norma": {Name: "norma", Agent: "Practitioner/norma", Display: "Norma", Organisation: "X99PH"},
	}}
	w.again()
	scopes := strings.Fields("launch launch/patient launch/encounter openid fhirUser offline_access online_access patient/*.rs user/Patient.cruds user/Observation.rs?category=laboratory user/Claim.rs user/Task/$accept user/$launch")
	var kept []byte
	w.secret, kept = NewSecret()
	for id, by := range map[string]Credentials{"public": {}, "other": {}, "secret": {Secret: kept}, "keyed": {Keys: json.RawMessage(w.keys("keyed"))}} {
		_, err := w.s.Add(Client{ID: id, Kind: App, Name: "App " + id, Scopes: scopes, Redirects: []string{home, "http://127.0.0.1/cb"}, Credentials: by})
		require.NoError(t, err)
	}
	return w
}

// again opens the shelf anew, as another process does.
func (w *launching) again() {
	var err error
	w.s, err = New(Config{Shelf: w.shelf, Clock: func() time.Time { return w.now }, Audience: func() []string { return []string{endpoint} }, Bases: []string{"/fhir"},
		Known: func(role string) bool { return role == "pharmacist" }, Roles: func(names []string) auth.Grants { return pharmacists(names) },
		Strength: func(acr string) int { return map[string]int{"strong": 2, "strongest": 3}[acr] },
		SignIn:   w.staff, Account: w.staff.account, Chart: charts{}, AddressRate: Rate{Second: 1e6, Burst: 1e6}, ClientRate: Rate{Second: 1e6, Burst: 1e6}})
	require.NoError(w.t, err)
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is a good authorization request, changed by pairs; "" leaves one out.
func request(change ...string) url.Values {
	q := url.Values{"response_type": {"code"}, "client_id": {"public"}, "redirect_uri": {home}, "scope": {"user/Patient.rs"}, "state": {"abcdefghijklmnopqrstuv"},
		"aud": {base}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
	for i := 0; i < len(change); i += 2 {
		if q.Set(change[i], change[i+1]); change[i+1] == "" {
			q.Del(change[i])
		}
	}
	return q
}

// seen is what a browser gets.
type seen struct {
	code   int
	body   string
	header http.Header
	at     *url.URL // to which it is sent
}

func (w *launching) browse(person, method, target string, form url.Values, headers ...string) *seen {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Person", person)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	w.s.ServeHTTP(out, r)
	at, err := url.Parse(out.Header().Get("Location"))
	require.NoError(w.t, err)
	return &seen{out.Code, out.Body.String(), out.Header(), at}
}

var askingForm = regexp.MustCompile(`name="asking" value="([^"]+)"`)

func (w *launching) ask(person string, q url.Values) *seen {
	return w.browse(person, "GET", "/authorize?"+q.Encode(), nil)
}

// answerTo is the form by which a page is answered, changed by pairs.
func (w *launching) answerTo(page *seen, change ...string) url.Values {
	found := askingForm.FindStringSubmatch(page.body)
	require.NotNil(w.t, found, page.body)
	form := url.Values{"asking": {found[1]}, "answer": {"allow"}}
	for _, scope := range regexp.MustCompile(`name="scope" value="([^"]+)" checked`).FindAllStringSubmatch(page.body, -1) {
		form.Add("scope", strings.ReplaceAll(scope[1], "&amp;", "&"))
	}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// code goes all the way to a code.
func (w *launching) code(person string, q url.Values, change ...string) string {
	page := w.ask(person, q)
	require.Equal(w.t, 200, page.code, page.body+page.at.String())
	done := w.browse(person, "POST", "/authorize", w.answerTo(page, change...))
	require.Equal(w.t, 303, done.code, done.body)
	require.NotEmpty(w.t, done.at.Query().Get("code"), done.at)
	return done.at.Query().Get("code")
}

// got is an answer of the token endpoint.
type got struct {
	Code                                 int `json:"-"`
	Error, Scope, Patient, Encounter     string
	Description                          string `json:"error_description"`
	Token                                string `json:"access_token"`
	Refresh                              string `json:"refresh_token"`
	ID                                   string `json:"id_token"`
	Expires                              int    `json:"expires_in"`
	Banner                               bool   `json:"need_patient_banner"`
	Active                               bool
	Sub, FHIRUser, Iss, ClientID, Launch string
}

func (w *launching) redeem(code string, change ...string) *got {
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"public"}, "code": {code}, "redirect_uri": {home}, "code_verifier": {verifier}}
	for i := 0; i < len(change); i += 2 {
		if form.Set(change[i], change[i+1]); change[i+1] == "" {
			form.Del(change[i])
		}
	}
	return w.send("/token", form)
}

func (w *launching) refresh(token string, change ...string) *got {
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"public"}, "refresh_token": {token}}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return w.send("/token", form)
}

func (w *launching) send(path string, form url.Values, headers ...string) *got {
	a := w.browse("", "POST", path, form, headers...)
	out := &got{Code: a.code}
	require.NoError(w.t, json.Unmarshal([]byte(a.body), out), a.body)
	return out
}

// who is the bearer of a token; nil where it is refused.
func (w *launching) who(token string) *auth.Identity {
	r := httptest.NewRequest(http.MethodGet, "/fhir/Patient", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	who, err := w.s.Authenticate(r)
	if err != nil {
		return nil
	}
	return &who
}
