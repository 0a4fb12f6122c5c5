#!/bin/sh
printf 'content-type: text/plain\r\n\r\n'
hostname
