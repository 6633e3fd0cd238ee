package elastic

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"holdfast/search"
)

// names are the names of the index's parts on the server, after its prefix:
//
//	products               alias for all searches
//	products_v1            alias for writers of shape 1; an older or newer
//	                       program has another alias, and gets an error rather than
//	                       storing a document that the index can't hold
//	products-first         the index that was created when there was none
//	products_v1-<unique>   an index that a rebuild of shape 1 filled or is filling
//	products_v1_<unique>   alias of that rebuild, dropped with its index
//	product-events         the data stream of events
//
// and the same for orders.
type names struct{ prefix string }

func (n names) read(v search.View) string { return n.prefix + string(v) }

func (n names) write(v search.View, shape int) string {
	return fmt.Sprintf("%s%s_v%d", n.prefix, v, shape)
}

// first is the same for every shape, so that only one of two programs can create it.
func (n names) first(v search.View) string { return n.prefix + string(v) + "-first" }

// filled matches all indices that rebuilds of this shape created.
func (n names) filled(v search.View, shape int) string { return n.write(v, shape) + "-*" }

// beginning is the format of a rebuild's start time in the names that it creates.
const beginning = "20060102150405"

// next names the index and the alias of a new rebuild.
func (n names) next(v search.View, shape int) (index, alias string) {
	unique := time.Now().UTC().Format(beginning) + "-" + strings.ToLower(rand.Text()[:8])
	return n.write(v, shape) + "-" + unique, n.write(v, shape) + "_" + unique
}

// begun returns the start time of the rebuild that created an index.
func (n names) begun(index string, v search.View, shape int) (time.Time, bool) {
	unique := strings.TrimPrefix(index, n.write(v, shape)+"-")
	if len(unique) < len(beginning) {
		return time.Time{}, false
	}
	t, err := time.Parse(beginning, unique[:len(beginning)])
	return t, err == nil
}

func (n names) events() string { return n.prefix + "product-events" }

func validPrefix(p string) bool {
	return strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && !strings.HasPrefix(p, "-") && len(p) <= 100
}
