package embedded

import (
	"github.com/blevesearch/bleve/v2/analysis"

	"holdfast/search/text"
)

// textAnalyzer lets bleve index the terms of a text. Their positions don't matter:
// highlights are found in the document's own text.
type textAnalyzer struct{}

func (textAnalyzer) Analyze(input []byte) analysis.TokenStream {
	found := text.Stems(string(input))
	stream := make(analysis.TokenStream, len(found))
	for i, t := range found {
		stream[i] = &analysis.Token{Term: []byte(t), Position: i + 1}
	}
	return stream
}
