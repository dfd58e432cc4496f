package oauth

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parameters by which an app asks that a person proves anew who they are: OpenID
// Connect Core section 3.1.2.1. sinceName is ours: it comes back from the sign-in in
// the place of the other two, and an app may see by auth_time of the id_token whether
// it was held.
const (
	promptName = "prompt"
	maxAgeName = "max_age"
	acrName    = "acr_values"
	sinceName  = "signed_in_since"
)

// prompts are the values of prompt that the server knows.
var prompts = []string{"none", "login", "consent", "select_account"}

// mostAge bounds max_age: whoever proved something a hundred years ago is dead.
const mostAge = 100 * 365 * 24 * 60 * 60

// readAge reads how new the proof of who the person is must be.
func (s *Server) readAge(a *authorization, values url.Values) *failure {
	refuse := func(member, message string) *failure {
		return &failure{code: invalidRequest, member: member, message: message}
	}
	a.prompt = strings.Fields(values.Get(promptName))
	for _, p := range a.prompt {
		if !slices.Contains(prompts, p) {
			return refuse(promptName, "expected "+strings.Join(prompts, ", "))
		}
	}
	if len(a.prompt) > 1 && slices.Contains(a.prompt, "none") {
		return refuse(promptName, "expected none alone, or the others")
	}
	if values.Has(maxAgeName) {
		seconds, err := strconv.ParseUint(values.Get(maxAgeName), 10, 63)
		if err != nil {
			return refuse(maxAgeName, "expected a number of seconds")
		}
		if seconds == 0 {
			a.prompt = append(a.prompt, "login")
		}
		a.maxAge = time.Duration(min(seconds, mostAge)) * time.Second //nolint:gosec // bounded
	}
	if s.config.Strength != nil && values.Has(acrName) {
		a.strength = s.weakest(strings.Fields(values.Get(acrName)))
	}
	if a.since = Since(values); values.Has(sinceName) && a.since.IsZero() {
		return refuse(sinceName, "it is set by this server alone")
	}
	return nil
}

// weakest is the least level that values of acr tell, of those that the server knows: an
// app is content with each of them. None is 0.
func (s *Server) weakest(acr []string) (level int) {
	for _, value := range acr {
		if l := s.config.Strength(value); l > 0 && (level == 0 || l < level) {
			level = l
		}
	}
	return level
}

// Since is the time after which a person must have proved who they are for a request
// to the authorization endpoint that comes back from the sign-in; zero for any.
func Since(values url.Values) time.Time {
	seconds, err := strconv.ParseInt(values.Get(sinceName), 10, 63)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// stale reports whether a person must prove anew who they are before the app is
// answered.
func (a *authorization) stale(proof Proof, now time.Time) bool {
	if !a.since.IsZero() {
		return proof.At.Before(a.since)
	}
	return proof.Strength < a.strength || slices.Contains(a.prompt, "login") || slices.Contains(a.prompt, "select_account") || a.maxAge > 0 && now.Sub(proof.At) > a.maxAge
}

// silent reports whether the app wants nobody to be asked anything.
func (a *authorization) silent() bool { return slices.Contains(a.prompt, "none") }

// again is the request as it comes back after the sign-in, with what that settles
// settled.
func (a *authorization) again(now time.Time) url.Values {
	values := url.Values{}
	for name, list := range a.given {
		if name != promptName && name != maxAgeName {
			values[name] = list
		}
	}
	if a.stale(Proof{}, now) { // more than any sign-in is asked for
		values.Set(sinceName, strconv.FormatInt(now.Unix(), 10))
	}
	return values
}
