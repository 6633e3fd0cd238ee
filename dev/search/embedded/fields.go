package embedded

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"holdfast/product"
	"holdfast/search"
	"holdfast/search/text"
)

// The fields of a document in the index. What is not searched, counted or sorted by is only
// in the source.
const (
	fieldSource   = "source"   // the whole document, as JSON
	fieldRevision = "revision" // by which newer documents are recognised, decimal
	fieldID       = "id"       // sort
	fieldShown    = "shown"    // "1" of a listed product, and of every order

	// Of products.
	fieldTitle     = "title" // words
	fieldHead      = "head"  // the word that names the thing
	fieldBrand     = "brand" // words
	fieldLabels    = "labels"
	fieldText      = "text"
	fieldStart     = "start"      // words as they are, of everything but the text
	fieldStartText = "start_text" // and those of the text
	fieldStock     = "stock"      // inStock or soldOut
	fieldLow       = "low"        // prices, for ranges
	fieldHigh      = "high"
	isBrand        = "is_brand" // whole values, filtered and counted
	isCategory     = "is_category"
	isTag          = "is_tag"
	sayWord        = "say_word" // what is suggested
	sayBrand       = "say_brand"
	sayCategory    = "say_category"
	byLow          = "by_low" // sort keys
	byHigh         = "by_high"
	byCreated      = "by_created"
	byName         = "by_name"
	byTitleLength  = "by_title_length"

	// Of products and orders.
	fieldStatus   = "status"
	fieldExternal = "external"
	fieldUpdated  = "updated" // microseconds, for ranges
	byUpdated     = "by_updated"

	// Of orders.
	fieldWords    = "words"
	fieldWholeID  = "whole_id"
	fieldCustomer = "customer"
	fieldProduct  = "product"
	fieldPlaced   = "placed" // microseconds, for ranges
	byPlaced      = "by_placed"
	fieldHour     = "hour" // see hourAndStatus
	fieldPayment  = "payment"
	fieldNode     = "node"
	fieldMark     = "mark"
	fieldAlert    = "alert"
	fieldTag      = "tag"
	fieldReturn   = "return" // the statuses of its returns
	fieldClosed   = "closed"
	fieldOnHold   = "on_hold"
	fieldPacked   = "packed" // the nodes of its packages
	fieldAnyPack  = "any_package"
	fieldCarrier  = "carrier"
	fieldTracking = "tracking"
	fieldNoNews   = "no_news" // microseconds, for ranges; missing if it doesn't wait
	fieldUnpacked = "not_packed"
)

const (
	inStock = "1"
	soldOut = "0"
	yes     = "1"
)

// productFields are where words are searched, and how much they count there.
func productFields() []weighted {
	return []weighted{
		{fieldHead, text.InHead},
		{fieldTitle, text.InTitle},
		{fieldBrand, text.InBrand},
		{fieldLabels, text.InLabels},
		{fieldText, text.InText},
	}
}

// startFields are where a tolerant search looks for near matches.
func startFields() []weighted { return []weighted{{fieldStart, 4}, {fieldStartText, 1}} }

func orderFields() []weighted { return []weighted{{fieldWords, 1}} }

// record is a document as bleve takes it.
type record struct {
	*document.Document
}

// newRecord stores the source beside the searchable fields.
func newRecord(id string, revision int64, source any) (record, error) {
	doc, err := json.Marshal(source)
	if err != nil {
		return record{}, fmt.Errorf("encode %s: %w", id, err)
	}
	r := record{document.NewDocument(id)}
	r.AddField(document.NewTextFieldCustom(fieldSource, nil, doc, index.StoreField, nil))
	r.AddField(document.NewTextFieldCustom(fieldRevision, nil, fmt.Append(nil, revision), index.StoreField, nil))
	r.sort(fieldID, id)
	return r, nil
}

// words lets the field be found by the words of its texts.
func (r record) words(field string, texts ...string) {
	all := strings.Join(texts, "\n")
	r.AddField(document.NewTextFieldCustom(field, nil, []byte(all), index.IndexField|index.SkipFreqNorm, textAnalyzer{}))
}

// values lets the field be found by each whole value.
func (r record) values(field string, values ...string) {
	r.each(field, index.IndexField|index.SkipFreqNorm, values)
}

// counted is values that can also be counted and sorted by. They are read for every match,
// so they are stored uncompressed: a third faster.
func (r record) counted(field string, values ...string) {
	const plain = index.DocValues | index.SkipDVCompression | index.SkipDVChunking
	r.each(field, index.IndexField|index.SkipFreqNorm|plain, values)
}

func (r record) each(field string, options index.FieldIndexingOptions, values []string) {
	for i, v := range slices.Compact(slices.Sorted(slices.Values(values))) {
		if v != "" {
			r.AddField(document.NewTextFieldCustom(field, []uint64{uint64(i)}, []byte(v), options, nil))
		}
	}
}

// sort lets documents be sorted by a key. It must not be empty.
func (r record) sort(field, key string) { r.counted(field, key) }

// number lets the field be found by ranges. It is exact up to 2^53.
func (r record) number(field string, n int64) {
	r.AddField(document.NewNumericFieldWithIndexingOptions(field, nil, float64(n), index.IndexField|index.SkipFreqNorm))
}

// sortable encodes a number so that texts sort as the numbers do.
func sortable(n int64) string {
	return fmt.Sprintf("%016x", uint64(n)^1<<63) //nolint:gosec // all bits are kept, the sign is flipped
}

func productRecord(p search.Product) (record, error) {
	r, err := newRecord(p.ID, p.Revision(), p)
	if err != nil {
		return r, err
	}
	if p.Status == product.StatusListed {
		r.values(fieldShown, yes)
	}
	r.values(fieldStatus, string(p.Status))
	r.values(fieldExternal, p.ExternalReference)
	r.number(fieldUpdated, micros(p.UpdatedAt))
	r.sort(byUpdated, sortable(micros(p.UpdatedAt)))
	r.words(fieldTitle, p.Title)
	r.words(fieldHead, text.Head(p.Title))
	r.words(fieldBrand, p.Brand)
	r.words(fieldLabels, append([]string{p.Category}, p.Tags...)...)
	r.words(fieldText, longText(p)...)
	r.counted(isBrand, short(p.Brand)...)
	r.counted(isCategory, short(p.Category)...)
	r.counted(isTag, short(p.Tags...)...)
	r.values(fieldStart, startWords(p)...)
	r.values(fieldStartText, text.Starts(longText(p)...)...)
	r.counted(sayWord, text.SayWords(p.Title)...)
	r.counted(sayBrand, text.SayWhole(p.Brand)...)
	r.counted(sayCategory, text.SayWhole(p.Category)...)
	r.number(fieldLow, p.MinPrice)
	r.number(fieldHigh, p.MaxPrice)
	r.sort(byLow, sortable(p.MinPrice))
	r.sort(byHigh, sortable(p.MaxPrice))
	r.sort(byCreated, sortable(micros(p.CreatedAt)))
	r.sort(byName, "="+text.Fold(p.Title))
	r.sort(byTitleLength, fmt.Sprintf("%04d", min(9999, text.Length(p.Title))))
	stock := soldOut
	if p.InStock() {
		stock = inStock
	}
	r.counted(fieldStock, stock)
	return r, nil
}

// startWords are the words of all texts but the long ones.
func startWords(p search.Product) []string {
	return text.Starts(append([]string{p.Title, p.Brand, p.Category}, p.Tags...)...)
}

func longText(p search.Product) []string {
	texts := []string{p.Description}
	for name, value := range p.Attributes {
		texts = append(texts, name, value)
	}
	return texts
}

// short leaves out values that are too long to be chosen from a list.
func short(values ...string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return len(v) > search.MaxValueBytes })
}

// micros returns 0 for an unknown time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func orderRecord(o search.Order) (record, error) {
	r, err := newRecord(o.ID, o.Revision, o)
	if err != nil {
		return r, err
	}
	r.values(fieldShown, yes)
	r.words(fieldWords, append([]string{o.ID, o.Recipient, o.Address}, o.Titles...)...)
	r.values(fieldWholeID, strings.ToLower(o.ID))
	r.values(fieldCustomer, o.CustomerID)
	r.counted(fieldStatus, string(o.Status))
	r.counted(fieldHour, hourAndStatus(o))
	r.values(fieldProduct, o.ProductIDs...)
	r.number(fieldPlaced, micros(o.PlacedAt))
	r.sort(byPlaced, sortable(micros(o.PlacedAt)))
	r.values(fieldPayment, string(o.PaymentStatus))
	r.values(fieldExternal, o.ExternalReference)
	r.number(fieldUpdated, micros(o.UpdatedAt))
	r.sort(byUpdated, sortable(micros(o.UpdatedAt)))
	r.goods(o)
	return r, nil
}

// goods lets an order be found by what became of its goods.
func (r record) goods(o search.Order) {
	r.values(fieldNode, o.Node)
	r.values(fieldMark, texts(o.Marks)...)
	r.values(fieldAlert, texts(o.Alerts)...)
	r.values(fieldTag, o.Tags...)
	r.values(fieldReturn, texts(o.ReturnStatuses)...)
	r.values(fieldClosed, strconv.FormatBool(o.IsClosed))
	r.values(fieldOnHold, strconv.FormatBool(o.IsOnHold))
	r.values(fieldPacked, o.PackageNodes...)
	if len(o.PackageNodes) > 0 {
		r.values(fieldAnyPack, yes)
	}
	r.values(fieldCarrier, short(o.Carriers...)...)
	r.values(fieldTracking, short(o.TrackingNumbers...)...)
	if at := micros(o.NoNewsSince); at != 0 {
		r.number(fieldNoNews, at)
	}
	if at := micros(o.NotPackedSince); at != 0 {
		r.number(fieldUnpacked, at)
	}
}
