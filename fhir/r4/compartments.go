package r4

// Compartment is a compartment of the specification: the resources that belong
// to one Patient, Practitioner, RelatedPerson, Encounter or Device.
type Compartment struct {
	Code    string // the resource type that the compartment is about
	Members []CompartmentMember
}

// CompartmentMember says by which reference parameters resources of a type
// belong to the compartment. {def} stands for the resource itself.
type CompartmentMember struct {
	Type   string
	Params []string
}

// Compartments lists the compartments, ordered by code.
func Compartments() []Compartment { return compartmentTable }

// CompartmentParams lists the parameters by which a type belongs to a
// compartment; none when it does not.
func CompartmentParams(compartment, resourceType string) []string {
	for _, c := range compartmentTable {
		if c.Code != compartment {
			continue
		}
		for _, m := range c.Members {
			if m.Type == resourceType {
				return m.Params
			}
		}
	}
	return nil
}
