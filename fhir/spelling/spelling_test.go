package spelling

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		limit int
		want  int
	}{
		{"", "", 3, 0}, {"name", "name", 3, 0}, {"baton", "btaon", 3, 1}, {"nam", "name", 3, 1}, {"names", "name", 3, 1},
		{"name", "nome", 3, 1}, {"kitten", "sitting", 3, 3}, {"kitten", "sitting", 2, 3}, {"a", "abcdef", 3, 4},
	} {
		assert.Equal(t, c.want, Distance(c.a, c.b, c.limit), "%s %s", c.a, c.b)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"birthDate", "birthPlace", "gender", "Patient", "id"}
	assert.Equal(t, []string{"birthDate"}, Nearest("birthdate", names, 1))
	assert.Equal(t, "Patient", One("Patietn", names))
	assert.Equal(t, "id", One("ib", names))
	assert.Empty(t, Nearest("zzz", names, 3))
}
