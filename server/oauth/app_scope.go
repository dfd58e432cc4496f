package oauth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/server/auth"
)

// askable is what an app may be granted of the scopes that it asks for, each in its
// own words: what it, the person and their roles may have all of them. A scope that
// could not be enforced as it is written refuses the request; one that nobody here
// may have is left out.
func (s *Server) askable(asked string, c *Client, p *Person) (granted []string, err error) {
	for text := range strings.FieldsSeq(asked) {
		list, err := s.askableOf(text, c, p)
		if err != nil {
			return nil, err
		}
		for _, g := range list {
			if !slices.Contains(granted, g) {
				granted = append(granted, g)
			}
		}
	}
	if !slices.ContainsFunc(granted, isRight) {
		return nil, &failure{status: http.StatusBadRequest, code: invalidScope, member: "scope", message: "the app may have none of what it asks for; it may have: " + strings.Join(c.Scopes, " ")}
	}
	return granted, nil
}

// isRight reports whether a scope lets an app learn or do anything by itself.
func isRight(text string) bool {
	return text == "openid" || launchScopes[text] == ""
}

func (s *Server) askableOf(text string, c *Client, p *Person) ([]string, error) {
	context, _, onResources := strings.Cut(text, "/")
	switch {
	case launchScopes[text] != "":
		if !slices.Contains(c.Scopes, text) || text == "fhirUser" && p.reference() == "" {
			return nil, nil
		}
		return []string{text}, nil
	case !onResources || context == "launch":
		return nil, nil // of another server's making
	}
	scope, err := auth.ParseScope(text)
	if err != nil {
		return nil, &failure{status: http.StatusBadRequest, code: invalidScope, member: "scope", message: err.Error()}
	}
	if scope.Context == "system" {
		return nil, &failure{status: http.StatusBadRequest, code: invalidScope, member: "scope", message: "'" + text + "': an app acts for a person and has scopes of the contexts user and patient"}
	}
	return s.cut(scope, c, p), nil
}

// cut is what of a scope the client, the person and their roles may have.
func (s *Server) cut(scope auth.Scope, c *Client, p *Person) (out []string) {
	list := scope.Within(parsed(c.Scopes, scope.Under))
	if p.Scopes != "" {
		most := parsed(strings.Fields(p.Scopes), func(string) bool { return true })
		var both []auth.Scope
		for _, g := range list {
			both = append(both, g.Within(most)...)
		}
		list = both
	}
	roles := s.rolesOf(p)
	for _, g := range list {
		if g, ok := inRole(g, roles); ok {
			out = append(out, g.String())
		}
	}
	return distinct(out)
}

// distinct leaves out the scopes that grant no more than another one of the list, and
// those that cannot be: of a type that is of no patient, for a patient.
func distinct(list []string) (out []string) {
	for i, text := range list {
		if _, err := auth.ParseScope(text); err != nil {
			continue
		}
		others := slices.Concat(out, list[i+1:])
		if !slices.Contains(others, text) && !within(text, others) {
			out = append(out, text)
		}
	}
	return out
}

func parsed(texts []string, of func(context string) bool) (list []auth.Scope) {
	for _, text := range texts {
		if scope, err := auth.ParseScope(text); err == nil && of(scope.Context) {
			list = append(list, scope)
		}
	}
	return list
}

// rolesOf are the rights of a person's roles: none without roles.
func (s *Server) rolesOf(p *Person) auth.Grants {
	if s.config.Roles == nil {
		return nil
	}
	return s.config.Roles(p.Roles)
}

// inRole is what of a scope roles grant. What they do of every type is asked when it
// is done.
func inRole(scope auth.Scope, roles auth.Grants) (auth.Scope, bool) {
	switch {
	case roles == nil:
		return scope, true
	case scope.Operation != "":
		if scope.Events == nil {
			return scope, roles.AllowOperation(scope.Operation, "") || strings.HasSuffix(scope.Operation, "$process-message")
		}
		scope.Events = slices.DeleteFunc(slices.Clone(scope.Events), func(event string) bool { return !roles.AllowOperation(scope.Operation, event) })
		return scope, len(scope.Events) > 0
	case scope.Type == "*":
		return scope, true
	}
	scope.Letters = strings.Map(func(letter rune) rune {
		if roles.Allow(scope.Type, byte(letter)) {
			return letter
		}
		return -1
	}, scope.Letters)
	return scope, scope.Letters != ""
}

// narrowed is what is asked of scopes that were granted before: all of them where
// nothing is asked, never more.
func narrowed(asked, granted string) (string, error) {
	if strings.TrimSpace(asked) == "" {
		return granted, nil
	}
	had := strings.Fields(granted)
	var out []string
	for text := range strings.FieldsSeq(asked) {
		if !slices.Contains(had, text) && !within(text, had) {
			return "", &failure{status: http.StatusBadRequest, code: invalidScope, member: "scope", message: "it is more than what was granted: " + granted}
		}
		out = append(out, text)
	}
	return strings.Join(out, " "), nil
}

// within reports whether a scope asks for nothing but a part of one that was granted
// in the same context.
func within(text string, had []string) bool {
	scope, err := auth.ParseScope(text)
	if err != nil {
		return false
	}
	list := scope.Within(parsed(had, func(context string) bool { return context == scope.Context }))
	return slices.ContainsFunc(list, func(g auth.Scope) bool { return g.String() == text })
}
