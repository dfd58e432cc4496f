package main

import (
	"encoding/binary"
	"strings"
)

// packer writes the tables as package fhir/r4 unpacks them: every text and
// every list of texts once, and everything else as numbers.
type packer struct {
	texts, lists interned
	list         []byte // the lists, as numbers of texts
	body         []byte // the tables
}

// interned numbers things by their first use.
type interned struct {
	numbers map[string]int
	order   []string
}

func (t *interned) number(s string) (n int, added bool) {
	n, known := t.numbers[s]
	if !known {
		if t.numbers == nil {
			t.numbers = map[string]int{}
		}
		n = len(t.order)
		t.numbers[s] = n
		t.order = append(t.order, s)
	}
	return n, !known
}

func (p *packer) text(s string) {
	n, _ := p.texts.number(s)
	p.number(n)
}

func (p *packer) strings(list []string) {
	n, added := p.lists.number(strings.Join(list, "\n"))
	if added {
		p.list = number(p.list, len(list))
		for _, s := range list {
			n, _ := p.texts.number(s)
			p.list = number(p.list, n)
		}
	}
	p.number(n)
}

func (p *packer) number(n int) { p.body = number(p.body, n) }

// bits packs truths into one number, the first into its lowest bit.
func (p *packer) bits(truths ...bool) {
	n := 0
	for i, on := range truths {
		if on {
			n |= 1 << i
		}
	}
	p.number(n)
}

func number(to []byte, n int) []byte {
	if n < 0 {
		panic("r4: a number below 0 cannot be packed")
	}
	return binary.AppendUvarint(to, uint64(n))
}

// bytes is the packed form: how many texts, how many lists, how many texts are
// in all the lists, the lists, the tables. The texts are in a file of their own.
func (p *packer) bytes() []byte {
	items := 0
	for _, list := range p.lists.order {
		if list != "" {
			items += strings.Count(list, "\n") + 1
		}
	}
	out := number(number(number(nil, len(p.texts.order)), len(p.lists.order)), items)
	return append(append(out, p.list...), p.body...)
}
