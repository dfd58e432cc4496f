// Strict reads the manifests of Kubernetes from standard input, and refuses a field
// that their types do not have and a value of another type. It is a module of its own,
// so that the server's has nothing of Kubernetes.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// types are those that the chart makes.
var types = map[string]func() any{
	"apps/v1 StatefulSet":                func() any { return &apps.StatefulSet{} },
	"v1 ConfigMap":                       func() any { return &core.ConfigMap{} },
	"v1 Service":                         func() any { return &core.Service{} },
	"networking.k8s.io/v1 Ingress":       func() any { return &networking.Ingress{} },
	"networking.k8s.io/v1 NetworkPolicy": func() any { return &networking.NetworkPolicy{} },
}

// others are defined by operators: their types are not here.
var others = map[string]bool{"monitoring.coreos.com/v1 ServiceMonitor": true}

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	read := 0
	for _, doc := range bytes.Split(append([]byte("\n"), text...), []byte("\n---")) {
		var kind struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(doc, &kind); err != nil {
			fail(err)
		}
		if kind.Kind == "" {
			continue
		}
		name := kind.APIVersion + " " + kind.Kind
		if others[name] {
			fmt.Println("not read:", name)
			continue
		}
		make, known := types[name]
		if !known {
			fail(fmt.Errorf("%s is of no type that is known here", name))
		}
		if err := yaml.UnmarshalStrict(doc, make()); err != nil {
			fail(fmt.Errorf("%s: %w", name, err))
		}
		read++
	}
	if read == 0 {
		fail(io.ErrUnexpectedEOF)
	}
	fmt.Println(read, "manifests are of their types")
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "strict:", err)
	os.Exit(1)
}
