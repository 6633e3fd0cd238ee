// Package web_test uses the shop's pages with a real browser, on the whole stack.
package web_test
