package duties

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed strength.tsv
var builtinStrengths []byte

// Strengths are the authenticator assurance levels of what sign-ins say of themselves.
type Strengths struct {
	levels map[[2]string]int // by claim and value
	acr    []string          // in the order of the table
}

// BuiltinStrengths is the table that the program carries.
func BuiltinStrengths() (*Strengths, error) { return ParseStrengths("strength.tsv", builtinStrengths) }

// The claims that say how somebody signed in.
const (
	claimACR   = "acr"
	claimAMR   = "amr"
	claimLevel = "authentication_assurance_level"
	claimWay   = "way"
)

// mostLevel is the highest of the levels of NIST SP 800-63B.
const mostLevel = 3

// ParseStrengths reads a table. The error names every line that is not valid.
func ParseStrengths(name string, text []byte) (*Strengths, error) {
	s := &Strengths{levels: map[[2]string]int{}}
	var problems []error
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 || f[1] == "" || f[3] == "" || !slices.Contains([]string{claimACR, claimAMR, claimLevel, claimWay}, f[0]) {
			problems = append(problems, fmt.Errorf("%s:%d: expected acr, amr, authentication_assurance_level or way, value, level and source, separated by tabs; found %q", name, i+1, line))
			continue
		}
		level, err := strconv.Atoi(f[2])
		if err == nil {
			err = s.add(f[0], f[1], level)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, i+1, err))
		}
	}
	return s, errors.Join(problems...)
}

func (s *Strengths) add(claim, value string, level int) error {
	key := [2]string{claim, value}
	if _, twice := s.levels[key]; twice || level < 1 || level > mostLevel || strings.ContainsAny(value, " \"\\") {
		return fmt.Errorf("expected a level from 1 to %d of a word, each once; found %s %q, %d", mostLevel, claim, value, level)
	}
	if s.levels[key] = level; claim == claimACR {
		s.acr = append(s.acr, value)
	}
	return nil
}

// With adds values of acr, such as those of another provider, with their levels.
func (s *Strengths) With(acr map[string]string) (*Strengths, error) {
	var problems []error
	for value, text := range acr {
		delete(s.levels, [2]string{claimACR, value})
		s.acr = slices.DeleteFunc(s.acr, func(v string) bool { return v == value })
		level, err := strconv.Atoi(text)
		if err != nil {
			err = fmt.Errorf("expected a level from 1 to %d; found %q of %q", mostLevel, text, value)
		} else {
			err = s.add(claimACR, value, level)
		}
		problems = append(problems, err)
	}
	slices.Sort(s.acr)
	return s, errors.Join(problems...)
}

// Of is the level that claims tell; 0 where they tell none.
func (s *Strengths) Of(claims map[string]any) (level int) {
	for _, claim := range []string{claimACR, claimAMR, claimLevel, claimWay} {
		switch value := claims[claim].(type) {
		case string:
			level = max(level, s.levels[[2]string{claim, value}])
		case float64:
			level = max(level, s.levels[[2]string{claim, strconv.FormatFloat(value, 'f', -1, 64)}])
		case []any:
			for _, item := range value {
				if text, ok := item.(string); ok && claim == claimAMR {
					level = max(level, s.levels[[2]string{claim, text}])
				}
			}
		}
	}
	return level
}

// ACR are the values of acr that tell at least a level.
func (s *Strengths) ACR(level int) (list []string) {
	for _, value := range s.acr {
		if s.levels[[2]string{claimACR, value}] >= level {
			list = append(list, value)
		}
	}
	return list
}
