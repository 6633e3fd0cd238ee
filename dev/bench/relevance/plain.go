package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

type object = map[string]any

// server is Elasticsearch, called directly.
type server struct{ url string }

func unique() string { return strings.ToLower(rand.Text()[:10]) }

func (s server) call(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %.500s", method, path, res.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (s server) forget(ctx context.Context, indices ...string) {
	for _, i := range indices {
		_ = s.call(ctx, http.MethodDelete, "/"+i, nil, nil)
	}
}

// plain is a search without Holdfast's own logic: an analyzer and one match query.
type plain struct {
	name     string
	analyzer string
	query    func(q string) object
}

func plains() []plain {
	match := func(operator string) func(string) object {
		return func(q string) object {
			return object{"multi_match": object{"query": q, "fields": []string{"title^8", "text"}, "operator": operator, "type": "cross_fields"}}
		}
	}
	return []plain{
		{"plain: BM25 on the title", "standard", func(q string) object { return object{"match": object{"title": q}} }},
		{"plain: BM25, English stems, title and text, any word", "english", match("or")},
		{"plain: the same with words split and joined", "split", match("or")},
		{"plain: the same, all words", "split", match("and")},
	}
}

func analysis() object {
	return object{
		"filter": object{
			"split": object{"type": "word_delimiter_graph", "catenate_all": true, "preserve_original": true, "split_on_case_change": false},
			"stem":  object{"type": "stemmer", "language": "porter2"},
		},
		"analyzer": object{"split": object{
			"tokenizer": "whitespace", "filter": []string{"split", "flatten_graph", "lowercase", "asciifolding", "stem"},
		}},
	}
}

func measurePlain(ctx context.Context, url string, j judged, verbose bool) error {
	s := server{url}
	for _, p := range plains() {
		if err := measureOnePlain(ctx, s, p, j, verbose); err != nil {
			return err
		}
	}
	return nil
}

func measureOnePlain(ctx context.Context, s server, p plain, j judged, verbose bool) error {
	index := "relevance-plain-" + unique()
	field := object{"type": "text", "analyzer": p.analyzer}
	body, err := json.Marshal(object{
		"settings": object{"analysis": analysis(), "number_of_replicas": 0},
		"mappings": object{"properties": object{"title": field, "text": field}},
	})
	if err != nil {
		return err
	}
	if err := s.call(ctx, http.MethodPut, "/"+index, body, nil); err != nil {
		return err
	}
	defer s.forget(ctx, index)
	var lines bytes.Buffer
	to := json.NewEncoder(&lines)
	for _, d := range j.products {
		_ = to.Encode(object{"index": object{"_id": d.ID}})
		_ = to.Encode(object{"title": d.Title, "text": d.Description})
	}
	if err := s.call(ctx, http.MethodPost, "/"+index+"/_bulk?refresh=true", lines.Bytes(), nil); err != nil {
		return err
	}
	return j.report(p.name, func(q string) ([]string, error) { return s.ask(ctx, index, p.query(q)) }, verbose)
}

func (s server) ask(ctx context.Context, index string, query object) ([]string, error) {
	body, err := json.Marshal(object{"query": query, "size": found, "_source": false})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Hits struct {
			Hits []struct {
				ID string `json:"_id"`
			}
		}
	}
	if err := s.call(ctx, http.MethodPost, "/"+index+"/_search", body, &answer); err != nil {
		return nil, err
	}
	var ids []string
	for _, h := range answer.Hits.Hits {
		ids = append(ids, h.ID)
	}
	return ids, nil
}
