package fhir

// Ownership is what one version of a resource says about whose the resource is.
// Owners are organisations, as ODS codes in capitals; "" is the one owner of all
// that is written on behalf of no organisation.
type Ownership struct {
	// Writers are on whose behalf it was written. They stay owners whatever later
	// versions say.
	Writers []string
	// Named are the organisations that the content names: the nominated pharmacy,
	// the provider of a claim. They are owners as long as it names them.
	Named []string
	// Through are references to roles and organisations, whose codes are named too:
	// those that they have when the version is written.
	Through []string
	// Inherits are references to what the resource is a consequence of. Their owners
	// are its owners, also those that they get later.
	Inherits []string
	// Shares are references to what belongs to the resource, such as the patient of
	// a prescription: its writers and those that it names are owners of that too.
	Shares []string
	// Server says that a follower of the server wrote it, for who wrote what it is a
	// consequence of. A resource is linked to others only as far as these are its
	// writer's already: a reference does not let anybody read its target.
	Server bool
}
