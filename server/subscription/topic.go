package subscription

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/search"
)

// TopicBase is what the canonical URL of a topic begins with.
const TopicBase = "https://pestle-fhir.github.io/SubscriptionTopic/"

// topic is what happens that somebody may want to be told: the part of an R5
// SubscriptionTopic that is kept here.
type topic struct {
	url, title string
	triggers   []trigger
}

// trigger is by which version of a resource a topic, or a criterion of plain R4, is met.
type trigger struct {
	typ     string
	when    occasion
	query   *search.Query
	filters []string // search parameters that may narrow it
}

// occasion is which versions a trigger looks at.
type occasion string

const (
	created occasion = "created"
	enters  occasion = "enters"
	written occasion = "written" // any that is no deletion: a criterion of plain R4
)

//go:embed topics.tsv
var topicTable string

// topics are those of the table, in its order.
var topics = func() []*topic {
	list, err := readTopics(topicTable)
	if err != nil {
		panic(err) // a test reads the table
	}
	return list
}()

// Topics are the canonical URLs of all topics.
func Topics() (urls []string) {
	for _, t := range topics {
		urls = append(urls, t.url)
	}
	return urls
}

func readTopics(text string) (list []*topic, err error) {
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 6 {
			return nil, fmt.Errorf("topics.tsv:%d: %d columns, expected 6", n+1, len(cells))
		}
		t := trigger{typ: cells[2], when: occasion(cells[3]), query: &search.Query{Type: cells[2]}, filters: strings.Split(cells[5], ",")}
		if cells[4] != "" {
			if t.query, err = search.ParseCondition(t.typ, cells[4], search.Options{}); err != nil {
				return nil, fmt.Errorf("topics.tsv:%d: %w", n+1, err)
			}
		}
		if t.when != created && t.when != enters {
			return nil, fmt.Errorf("topics.tsv:%d: %q is not created or enters", n+1, t.when)
		}
		i := slices.IndexFunc(list, func(have *topic) bool { return have.url == TopicBase+cells[0] })
		if i < 0 {
			i, list = len(list), append(list, &topic{url: TopicBase + cells[0], title: cells[1]})
		}
		list[i].triggers = append(list[i].triggers, t)
	}
	return list, nil
}

func topicOf(canonical string) *topic {
	url, _, _ := strings.Cut(canonical, "|")
	for _, t := range topics {
		if t.url == url {
			return t
		}
	}
	return nil
}
