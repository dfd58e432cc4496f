package oauth

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// Chart finds what an app may be launched with. It shows a caller what they see, in
// the way that their roles allow, and notes it for the audit log of the request that
// the context is of.
type Chart interface {
	// Patients returns the first patients whose name begins with a text, or who have
	// it as an identifier.
	Patients(ctx context.Context, who auth.Identity, find string) ([]Record, error)
	// Patient returns one patient by logical id; an error of kind NotFound where the
	// caller sees none.
	Patient(ctx context.Context, who auth.Identity, id string) (Record, error)
	// Encounters returns the newest visits of a patient.
	Encounters(ctx context.Context, who auth.Identity, patient string) ([]Record, error)
}

// Record is a resource in the words by which a person chooses it.
type Record struct{ ID, Name, Note string }

// IdentityOf is a person who has signed in with all that their roles allow them, by a
// part of this server that is named like a client.
func (s *Server) IdentityOf(p *Person, proof Proof, client string) auth.Identity {
	who := s.identityOf(p, client)
	if who.Roles == nil && s.config.Roles != nil { // a person without roles may do nothing
		who.Roles = s.config.Roles(p.Roles)
	}
	who.Requester.Person, who.Requester.Verified, who.Requester.Strength = true, proof.At, proof.Strength
	return who
}

// identityOf is a person with all that their roles allow them, by an app.
func (s *Server) identityOf(p *Person, client string) auth.Identity {
	who := auth.Identity{Scopes: auth.Full, Roles: s.rolesOf(p), Requester: fhir.Principal{
		Agent: p.Agent, Display: p.Display, OnBehalf: p.Organisation, Client: client, Roles: p.Roles, Delegates: s.delegatesOf(p.Organisation)}}
	if who.Roles != nil {
		who.Requester.SeesAll, who.Requester.SeesNone = who.Roles.SeesAll(), who.Roles.SeesNone()
	}
	return who
}
