import { locale } from './i18n/texts';
import { startRouter } from './state/router';
import { startTheme } from './state/theme';
import { adoptTokens } from './tokens/document';
import './views/app-view';

document.documentElement.lang = locale();
adoptTokens();
startTheme();
startRouter();
