package elastic

import (
	"fmt"
	"maps"
	"time"

	"holdfast/search"
)

// object and list are JSON to be sent.
type (
	object = map[string]any
	list   = []any
)

// shape is how an index of a view is built: its fields and its analysis. A change of either
// must raise the version, so that the view is rebuilt.
type shape struct {
	version  int
	fields   object
	analysis object
}

const (
	productsShape = 3
	ordersShape   = 5
	eventsShape   = 1
)

func shapes() map[search.View]shape {
	return map[search.View]shape{
		search.ViewProducts: {productsShape, productFields(), analysis()},
		search.ViewOrders:   {ordersShape, orderFields(), analysis()},
	}
}

// index is the request that creates an index of this shape.
func (s shape) index(m meta, settings object) object {
	all := object{"number_of_shards": 1, "analysis": s.analysis}
	maps.Copy(all, settings)
	return object{"settings": all, "mappings": object{"_meta": m, "dynamic": "strict", "properties": s.fields}}
}

// settings of an index that answers. The refresh interval is explicit: without one, an
// index that was not searched for 30 s delays the next search.
func (x *Index) settings() object {
	return object{"refresh_interval": millis(x.refresh), "auto_expand_replicas": "0-1"}
}

// fillSettings of an index that is being filled: no replica and no refresh until it
// answers.
func fillSettings() object {
	return object{"refresh_interval": "-1", "auto_expand_replicas": false, "number_of_replicas": 0}
}

func millis(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

func keyword() object { return object{"type": "keyword"} }

// value is a keyword that can be chosen from a list, if it isn't too long.
func value(copyTo ...string) object {
	return copied(object{"type": "keyword", "ignore_above": search.MaxValueBytes}, copyTo)
}

func long() object { return object{"type": "long"} }

func date() object { return object{"type": "date"} }

// kept is stored for reading, never for searching.
func kept() object { return object{"type": "object", "enabled": false} }

func keptText(copyTo ...string) object {
	return copied(object{"type": "text", "index": false}, copyTo)
}

// copied lets a field also be found through other fields.
func copied(field object, to []string) object {
	if len(to) > 0 {
		field["copy_to"] = to
	}
	return field
}

// words is searched by its words, ignoring their frequency and position.
func words(copyTo ...string) object {
	return copied(object{
		"type": "text", "analyzer": "words", "search_analyzer": "typed", "index_options": "docs", "norms": false,
	}, copyTo)
}

// starts is searched by unstemmed words and their beginnings.
func starts() object {
	return object{
		"type": "text", "analyzer": "starts", "search_analyzer": "keyword",
		"index_options": "docs", "norms": false, "index_prefixes": object{"min_chars": 1, "max_chars": 8},
	}
}

// productFields are those of search.Product, then those only used in searches, then those
// that derivedOf computes.
func productFields() object {
	return object{
		"id":          keyword(),
		"version":     long(),
		"status":      keyword(),
		"title":       words("start"),
		"description": keptText("text", "start_text"),
		"brand":       value("brand_words", "start"),
		"category":    value("labels", "start"),
		"tags":        value("labels", "start"),
		"attributes":  kept(),
		"image":       object{"type": "keyword", "index": false, "doc_values": false},
		"currency":    keyword(),

		"externalReference": keyword(),

		"minPrice":  long(),
		"maxPrice":  long(),
		"available": long(),
		"createdAt": date(),
		"updatedAt": date(),

		"brand_words": words(),
		"labels":      words(),
		"text":        words(),
		"start":       starts(),
		"start_text":  starts(),

		"derived": object{"properties": object{
			"attributes":  keptText("text", "start_text"),
			"inStock":     object{"type": "byte"},
			"created":     long(),
			"updated":     long(),
			"name":        keyword(),
			"head":        words(),
			"titleLength": object{"type": "short"},
			"sayWord":     keyword(),
			"sayBrand":    keyword(),
			"sayCategory": keyword(),
		}},
	}
}

// orderFields are those of search.Order, and those used for searching and sorting.
func orderFields() object {
	return object{
		"id":         object{"type": "keyword", "copy_to": []string{"words"}},
		"revision":   long(),
		"version":    long(),
		"customerId": keyword(),
		"status":     keyword(),
		"productIds": keyword(),
		"titles":     keptText("words"),
		"recipient":  keptText("words"),
		"address":    keptText("words"),

		"externalReference": keyword(),
		"paymentStatus":     keyword(),

		"node":            keyword(),
		"packageNodes":    keyword(),
		"marks":           keyword(),
		"alerts":          keyword(),
		"tags":            keyword(),
		"returnStatuses":  keyword(),
		"carriers":        value(),
		"trackingNumbers": value(),
		"closed":          object{"type": "boolean"},
		"onHold":          object{"type": "boolean"},
		"noNewsSince":     date(),
		"notPackedSince":  date(),

		"total":     long(),
		"currency":  keyword(),
		"placedAt":  date(),
		"updatedAt": date(),
		"document":  kept(),
		"payments":  kept(),

		"words": words(),

		"derived": object{"properties": object{
			"wholeId":        keyword(),
			"placed":         long(),
			"updated":        long(),
			"noNewsSince":    long(),
			"notPackedSince": long(),
		}},
	}
}

// eventsTemplate creates the data stream with the first event.
func eventsTemplate(name string, refresh time.Duration) object {
	return object{
		"index_patterns": []string{name},
		"data_stream":    object{},
		// Above Elastic's own templates, which have 100 to 200.
		"priority":          300,
		"allow_auto_create": true,
		"version":           eventsShape,
		"template": object{
			"settings": object{"number_of_shards": 1, "auto_expand_replicas": "0-1", "refresh_interval": millis(refresh)},
			"mappings": object{"_meta": meta{Shape: eventsShape}, "dynamic": "strict", "properties": object{
				"@timestamp": date(),
				"id":         keyword(),
				"productId":  keyword(),
				"type":       keyword(),
				"version":    long(),
				"at":         date(),
				"orderId":    keyword(),
				"actor":      object{"type": "keyword", "ignore_above": search.MaxValueBytes},
				"reason":     object{"type": "text", "index": false},
				"stock":      kept(),
				"prices":     kept(),
				"status":     keyword(),
				"listing":    long(),
			}},
		},
	}
}
