# Every `make X` is `./dev X`.
.DEFAULT_GOAL := help
%:
	@./dev $@
.PHONY: help Makefile
Makefile: ;
