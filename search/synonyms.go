package search

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Synonyms are a merchant's rules about words that mean the same.
type Synonyms []SynonymRule

// SynonymRule lets each phrase of From match all phrases of To. For phrases listed as
// equal, both are the same list. A rule with an arrow replaces: its From matches To, and
// itself only if it is in To as well.
type SynonymRule struct {
	From []string
	To   []string
}

// SynonymError names the line of a synonym file that can't be parsed.
type SynonymError struct {
	Line   int // from 1
	Reason string
}

func (e *SynonymError) Error() string { return fmt.Sprintf("synonyms, line %d: %s", e.Line, e.Reason) }

// maxSynonymLine bounds one line, in bytes.
const maxSynonymLine = 16 << 10

// ParseSynonyms reads synonyms in the format of Solr and Elasticsearch: one rule per line,
// its phrases separated by commas. "sofa, couch, settee" are equal, "tv, telly =>
// television" replaces the left side by the right. Blank lines and everything after a # are
// ignored. An error is a *SynonymError, or says that r can't be read.
func ParseSynonyms(r io.Reader) (Synonyms, error) {
	var all Synonyms
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxSynonymLine)
	n := 0
	for lines.Scan() {
		n++
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		rule, err := parseSynonymRule(line)
		if err != nil {
			return nil, &SynonymError{Line: n, Reason: err.Error()}
		}
		if rule != nil {
			all = append(all, *rule)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, &SynonymError{Line: n + 1, Reason: fmt.Sprintf("is longer than %d bytes", maxSynonymLine)}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read synonyms: %w", err)
	}
	return all, nil
}

// parseSynonymRule returns nil for a line without a rule.
func parseSynonymRule(line string) (*SynonymRule, error) {
	if !utf8.ValidString(line) {
		return nil, errors.New("is not UTF-8")
	}
	line, _, _ = strings.Cut(line, "#")
	if strings.TrimSpace(line) == "" {
		return nil, nil
	}
	left, right, arrow := strings.Cut(line, "=>")
	from, err := parsePhrases(left)
	if err != nil {
		return nil, err
	}
	if !arrow {
		if len(from) < 2 {
			return nil, errors.New("needs two phrases or more, separated by commas")
		}
		return &SynonymRule{From: from, To: from}, nil
	}
	if strings.Contains(right, "=>") {
		return nil, errors.New("has more than one =>")
	}
	to, err := parsePhrases(right)
	if err != nil {
		return nil, err
	}
	return &SynonymRule{From: from, To: to}, nil
}

func parsePhrases(list string) ([]string, error) {
	var phrases []string
	for p := range strings.SplitSeq(list, ",") {
		p = strings.Join(strings.Fields(p), " ")
		if p == "" {
			return nil, errors.New("has an empty phrase")
		}
		phrases = append(phrases, p)
	}
	return phrases, nil
}

// String writes the rule as a line of a synonym file.
func (r SynonymRule) String() string {
	from, to := strings.Join(r.From, ", "), strings.Join(r.To, ", ")
	if from == to && len(r.From) > 1 {
		return from
	}
	return from + " => " + to
}
